/** Mirror images: twice as much to learn from where labels say what a mirror does to them. */
import { DrmGuardError } from "../errors.ts";
import type { ImageSet } from "./image-set.ts";

/**
 * Images with left and right exchanged, as new pixels.
 *
 * @param pixels rows one after the other, such as [N, C, H, W]
 * @param width W in pixels
 */
export function mirroredPixels(pixels: Float32Array, width: number): Float32Array {
  const mirrored = pixels.slice();
  for (let start = 0; start < mirrored.length; start += width) {
    mirrored.subarray(start, start + width).reverse();
  }
  return mirrored;
}

/**
 * A set followed by its mirror images, left and right exchanged.
 *
 * Throws E_LABELS when there are no labels, E_USAGE when a name is no label.
 *
 * @param turned labels whose sign a mirror turns, such as yaw and roll; pitch stays
 */
export function withMirrorImages(set: ImageSet, turned: readonly string[]): ImageSet {
  const { labels, labelNames, pixels, names, shape } = set;
  const [count, c, h, w] = shape;
  if (labels === null) throw new DrmGuardError("E_LABELS", "found no labels, expected images with labels");
  const stranger = turned.find((name) => !labelNames.includes(name));
  if (stranger !== undefined) {
    throw new DrmGuardError(
      "E_USAGE",
      `found "${stranger}" as a label that a mirror turns, expected some of ${labelNames.join(", ")}`,
    );
  }
  const both = new Float32Array(2 * pixels.length);
  both.set(pixels);
  both.set(mirroredPixels(pixels, w), pixels.length);
  const signs = labelNames.map((name) => (turned.includes(name) ? -1 : 1));
  const bothLabels = new Float32Array(2 * labels.length);
  bothLabels.set(labels);
  labels.forEach((value, i) => {
    bothLabels[labels.length + i] = value * signs[i % signs.length]!;
  });
  return {
    ...set,
    pixels: both,
    labels: bothLabels,
    shape: [2 * count, c, h, w],
    names: [...names, ...names.map((name) => `${name} (mirrored)`)],
  };
}
