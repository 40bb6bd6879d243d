/** Evidence as pictures: PNG in data URLs, so that a result is one file. */
import type { EvidenceImage } from "../identification/identification.ts";
import type { ResultEvidence } from "../report/result.ts";

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
    clean: await pngOf(image.clean, image.shape),
    reversed: await pngOf(image.reversed, image.shape),
    difference: await pngOf(difference, image.shape),
    attention: image.attention === null ? null : await pngOf(image.attention, [1, h, w]),
    cleanOutput: [...image.cleanOutput],
    reversedOutput: [...image.reversedOutput],
  };
}

async function pngOf(
  pixels: Float32Array,
  [channels, height, width]: readonly [number, number, number],
): Promise<string> {
  const { default: sharp } = await import("sharp");
  const area = height * width;
  // Clamped arrays round to the nearest byte.
  const bytes = new Uint8ClampedArray(channels * area);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < area; i++) bytes[i * channels + c] = pixels[c * area + i]! * 255;
  }
  const raw = { width, height, channels: channels as 1 | 3 };
  const png = await sharp(bytes, { raw }).png().toBuffer();
  return `data:image/png;base64,${png.toString("base64")}`;
}
