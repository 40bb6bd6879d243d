/** Some images of a set. */
import { type ImageSet, imageOf } from "./image-set.ts";

/**
 * The images at some indices, in their order; copies.
 *
 * @param indices from 0; one may be given several times
 */
export function subsetOf(set: ImageSet, indices: readonly number[]): ImageSet {
  const [count, c, h, w] = set.shape;
  const size = c * h * w;
  const pixels = new Float32Array(indices.length * size);
  indices.forEach((index, i) => {
    pixels.set(imageOf(set, index), i * size);
  });
  const d = set.labels === null ? 0 : set.labels.length / count;
  const labels = set.labels === null ? null : new Float32Array(indices.length * d);
  indices.forEach((index, i) => {
    labels?.set(set.labels!.subarray(index * d, (index + 1) * d), i * d);
  });
  return {
    ...set,
    pixels,
    labels,
    shape: [indices.length, c, h, w],
    names: set.names.length === 0 ? [] : indices.map((index) => set.names[index]!),
  };
}
