/** Names image sets by their content. */
import { type ImageSet, imageOf } from "./image-set.ts";

/**
 * SHA-256 of some bytes, in hexadecimal digits.
 *
 * @param bytes what to sum
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * A name for the pixels of a set: equal for equal shape and pixels, whatever the files were called. It is the SHA-256 of the
 * shape and each image's own, for large sets do not fit one digest.
 *
 * @param images the set
 */
export async function dataKeyOf(images: ImageSet): Promise<string> {
  const parts = [images.shape.join("x")];
  for (let i = 0; i < images.shape[0]; i++) {
    const { buffer, byteOffset, byteLength } = imageOf(images, i);
    parts.push(await sha256(new Uint8Array(buffer, byteOffset, byteLength)));
  }
  return sha256(new TextEncoder().encode(parts.join("\n")));
}
