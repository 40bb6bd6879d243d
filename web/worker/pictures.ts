/** Images in and out of a browser: decoding, encoding, and pixels for a canvas. */
import type { DecodedImage } from "../../src/data/planar-image.ts";
import type { EncodePng } from "../../src/workflows/host.ts";
import type { Picture } from "../messages.ts";

/**
 * Decodes an image file as Node does: turned upright as its EXIF orientation says, transparent pixels over black, colour profiles
 * ignored.
 *
 * Throws whatever the browser throws when the file cannot be decoded.
 */
export async function decodeImage(file: File): Promise<DecodedImage> {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const { width, height } = bitmap;
  const context = contextOf(width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const area = width * height;
  const channels = isGray(data) ? 1 : 3;
  const bytes = new Uint8Array(channels * area);
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < channels; c++) bytes[i * channels + c] = data[4 * i + c]!;
  }
  return { name: file.name, width, height, channels, bytes };
}

/** Canvases have no gray images; one whose colours are all gray is one. */
function isGray(data: Uint8ClampedArray): boolean {
  for (let i = 0; i < data.length; i += 4) {
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return false;
  }
  return true;
}

/** A canvas without transparency begins black. */
function contextOf(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const canvas = new OffscreenCanvas(width, height);
  return canvas.getContext("2d", { alpha: false, colorSpace: "srgb", willReadFrequently: true })!;
}

/** Pixels as a PNG file. */
export const encodePng: EncodePng = async (pixels, shape) => {
  const { bytes, width, height } = pictureOf(pixels, shape);
  const context = contextOf(width, height);
  context.putImageData(new ImageData(bytes, width, height), 0, 0);
  const blob = await context.canvas.convertToBlob({ type: "image/png" });
  return new Uint8Array(await blob.arrayBuffer());
};

/**
 * Pixels for a canvas.
 *
 * @param pixels [C, H, W] in [0, 1], of one or three channels
 */
export function pictureOf(
  pixels: Float32Array,
  [channels, height, width]: readonly [number, number, number],
): Picture {
  const area = height * width;
  const bytes = new Uint8ClampedArray(4 * area);
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) bytes[4 * i + c] = pixels[(channels === 1 ? 0 : c) * area + i]! * 255;
    bytes[4 * i + 3] = 255;
  }
  return { width, height, bytes };
}
