/** Decodes image files with sharp; everything after decoding is the project's own, so that browsers agree. */
import type { DecodedImage } from "../planar-image.ts";

/**
 * Decodes an image file: turned upright as its EXIF orientation says, 8 bits a channel, gray or RGB. Transparent pixels are laid
 * over black. Colour profiles are ignored, as training code ignores them.
 *
 * Throws whatever sharp throws when the file cannot be decoded.
 *
 * @param path the file
 * @param name what to call the image
 */
export async function decodeImage(path: string, name: string): Promise<DecodedImage> {
  const { default: sharp } = await import("sharp");
  const { space } = await sharp(path).metadata();
  const isGray = space === "b-w" || space === "grey16";
  const { data, info } = await sharp(path, { ignoreIcc: true, sequentialRead: true })
    .autoOrient()
    .flatten({ background: "black" })
    .toColourspace(isGray ? "b-w" : "srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  const bytes = info.channels === 4 ? withoutAlpha(data, info.width * info.height) : data;
  return { name, width: info.width, height: info.height, channels: info.channels === 1 ? 1 : 3, bytes };
}

/** sharp keeps a channel of opacity where there was nothing to flatten. */
function withoutAlpha(data: Uint8Array, pixels: number): Uint8Array {
  const kept = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) kept.set(data.subarray(i * 4, i * 4 + 3), i * 3);
  return kept;
}
