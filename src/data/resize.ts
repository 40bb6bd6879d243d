/** Bilinear resizing, the same in Node and in browsers: image libraries disagree in the last digits, and so would scans. */
import type { PlanarImage } from "./planar-image.ts";

/** What one output position reads: consecutive input positions and their weights, which sum to 1. */
interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

/**
 * Resizes an image with a triangle filter on half-pixel centres. When shrinking, the filter widens with the step, as
 * PIL's BILINEAR and PyTorch's `antialias=True` do, so that fine detail is averaged and not skipped.
 *
 * @param image the image
 * @param height rows of the result
 * @param width columns of the result
 */
export function resize(image: PlanarImage, height: number, width: number): PlanarImage {
  if (image.height === height && image.width === width) return image;
  const columns = tapsAlong(image.width, width);
  const rows = tapsAlong(image.height, height);
  const narrow = new Float32Array(image.channels * image.height * width);
  const pixels = new Float32Array(image.channels * height * width);
  // First along rows, then along columns: the filter is a product of two.
  for (let line = 0; line < image.channels * image.height; line++) {
    for (let x = 0; x < width; x++) {
      const { first, weights } = columns[x]!;
      let sum = 0;
      for (let k = 0; k < weights.length; k++)
        sum += weights[k]! * image.pixels[line * image.width + first + k]!;
      narrow[line * width + x] = sum;
    }
  }
  for (let c = 0; c < image.channels; c++) {
    for (let y = 0; y < height; y++) {
      const { first, weights } = rows[y]!;
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) {
          sum += weights[k]! * narrow[(c * image.height + first + k) * width + x]!;
        }
        pixels[(c * height + y) * width + x] = sum;
      }
    }
  }
  return { ...image, height, width, pixels };
}

function tapsAlong(from: number, to: number): Taps[] {
  const step = from / to;
  const reach = Math.max(step, 1);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * step;
    const first = Math.max(Math.floor(centre - reach + 0.5), 0);
    const end = Math.min(Math.floor(centre + reach + 0.5), from);
    const raw = Array.from({ length: end - first }, (_, k) => {
      return Math.max(0, 1 - Math.abs(first + k + 0.5 - centre) / reach);
    });
    const total = raw.reduce((sum, weight) => sum + weight, 0);
    return { first, weights: raw.map((weight) => weight / total) };
  });
}
