/** Pixels as PNG. */

/**
 * An image as the bytes of a PNG file.
 *
 * @param pixels [C, H, W] in [0, 1], of one or three channels
 */
export async function pngOf(
  pixels: Float32Array,
  [channels, height, width]: readonly [number, number, number],
): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  const area = height * width;
  // Clamped arrays round to the nearest byte.
  const bytes = new Uint8ClampedArray(channels * area);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < area; i++) bytes[i * channels + c] = pixels[c * area + i]! * 255;
  }
  const raw = { width, height, channels: channels as 1 | 3 };
  return sharp(bytes, { raw }).png().toBuffer();
}
