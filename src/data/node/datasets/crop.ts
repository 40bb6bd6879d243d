/** Parts of images, cut out before anything is resized. */
import { DrmGuardError } from "../../../errors.ts";
import type { DecodedImage } from "../../planar-image.ts";

/** Which part of each image is taken. */
export type Crop =
  | { readonly kind: "face" }
  | { readonly kind: "none" }
  | {
      /** A rectangle in parts of the image's width and height. */
      readonly kind: "box";
      readonly left: number;
      readonly top: number;
      readonly width: number;
      readonly height: number;
    };

/** A rectangle in pixels; it may reach out of the image. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Reads `face`, `none`, or `left,top,width,height` in parts of the image.
 *
 * Throws E_USAGE otherwise.
 */
export function parseCrop(text: string): Crop {
  if (text === "face" || text === "none") return { kind: text };
  const numbers = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const [left, top, width, height] = numbers as [number, number, number, number];
  const isBox =
    numbers.length === 4 &&
    left >= 0 &&
    top >= 0 &&
    width > 0 &&
    height > 0 &&
    left + width <= 1 &&
    top + height <= 1;
  if (isBox) return { kind: "box", left, top, width, height };
  throw new DrmGuardError(
    "E_USAGE",
    `found "${text}", expected face, none, or left,top,width,height in parts of the image such as 0.2,0,0.6,1`,
  );
}

/** The square of a centre and a side, px. */
export function squareAt(x: number, y: number, side: number): Box {
  const whole = Math.max(1, Math.round(side));
  return { left: Math.round(x - whole / 2), top: Math.round(y - whole / 2), width: whole, height: whole };
}

/**
 * The pixels that a crop takes of an image.
 *
 * @param crop what the user wants; null for what the data set does by itself
 * @param image the image
 * @param face where the face is in it
 */
export function boxOf(
  crop: Crop | null,
  { width, height }: DecodedImage,
  face: (width: number, height: number) => Box,
): Box {
  if (crop === null || crop.kind === "face") return face(width, height);
  if (crop.kind === "none") return { left: 0, top: 0, width, height };
  return {
    left: Math.round(crop.left * width),
    top: Math.round(crop.top * height),
    width: Math.max(1, Math.round(crop.width * width)),
    height: Math.max(1, Math.round(crop.height * height)),
  };
}

/**
 * Cuts a rectangle out of an image; what lies outside is black.
 *
 * @param image the image
 * @param box what is cut out
 */
export function cutOut(image: DecodedImage, { left, top, width, height }: Box): DecodedImage {
  if (left === 0 && top === 0 && width === image.width && height === image.height) return image;
  const bytes = new Uint8Array(width * height * image.channels);
  const from = Math.max(left, 0);
  const to = Math.min(left + width, image.width);
  for (let y = Math.max(top, 0); y < Math.min(top + height, image.height) && from < to; y++) {
    const start = (y * image.width + from) * image.channels;
    const row = image.bytes.subarray(start, start + (to - from) * image.channels);
    bytes.set(row, ((y - top) * width + from - left) * image.channels);
  }
  return { ...image, width, height, bytes };
}

/**
 * Shrinks an image by a whole factor, each pixel the mean of a block, rounded. What is left over at the right and at the bottom, less
 * than a block, is cut off.
 *
 * @param image the image
 * @param factor 1 or more
 */
export function shrink(image: DecodedImage, factor: number): DecodedImage {
  if (factor === 1) return image;
  const { channels } = image;
  const [width, height] = [Math.floor(image.width / factor), Math.floor(image.height / factor)];
  const bytes = new Uint8Array(width * height * channels);
  const sums = new Uint32Array(width * channels);
  const area = factor * factor;
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let row = y * factor; row < (y + 1) * factor; row++) {
      let from = row * image.width * channels;
      for (let x = 0; x < width; x++)
        for (let k = 0; k < factor; k++)
          for (let c = 0; c < channels; c++) sums[x * channels + c]! += image.bytes[from++]!;
    }
    for (let i = 0; i < sums.length; i++) bytes[y * sums.length + i] = Math.round(sums[i]! / area);
  }
  return { ...image, width, height, bytes };
}
