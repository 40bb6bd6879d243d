/** Evidence as pictures: PNG in data URLs, so that a result is one file. */
import { toBase64 } from "../data/base64.ts";
import type { EvidenceImage } from "../identification/identification.ts";
import type { ResultEvidence } from "../report/result.ts";
import type { EncodePng } from "./host.ts";

/**
 * Draws one image of the evidence.
 *
 * @param image pixels in [0, 1], channels first
 * @param encodePng writes the pictures
 */
export async function drawEvidence(image: EvidenceImage, encodePng: EncodePng): Promise<ResultEvidence> {
  const [, h, w] = image.shape;
  const dataUrlOf = async (pixels: Float32Array, shape: EvidenceImage["shape"]): Promise<string> =>
    `data:image/png;base64,${toBase64(await encodePng(pixels, shape))}`;
  const difference = image.clean.map((value, i) => 0.5 + (image.reversed[i]! - value) / 2);
  return {
    name: image.name,
    clean: await dataUrlOf(image.clean, image.shape),
    reversed: await dataUrlOf(image.reversed, image.shape),
    difference: await dataUrlOf(difference, image.shape),
    attention: image.attention === null ? null : await dataUrlOf(image.attention, [1, h, w]),
    cleanOutput: [...image.cleanOutput],
    reversedOutput: [...image.reversedOutput],
  };
}
