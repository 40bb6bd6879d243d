/** Evidence as pictures: PNG in data URLs, so that a result is one file. */
import type { EvidenceImage } from "../identification/identification.ts";
import type { ResultEvidence } from "../report/result.ts";
import { pngOf } from "./png.ts";

/**
 * Draws one image of the evidence.
 *
 * @param image pixels in [0, 1], channels first
 */
export async function drawEvidence(image: EvidenceImage): Promise<ResultEvidence> {
  const [, h, w] = image.shape;
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

async function dataUrlOf(pixels: Float32Array, shape: readonly [number, number, number]): Promise<string> {
  return `data:image/png;base64,${Buffer.from(await pngOf(pixels, shape)).toString("base64")}`;
}
