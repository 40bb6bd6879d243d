/** How large clean images are: what a perturbation is compared with. */
import { type ImageSet, imageOf } from "../../data/image-set.ts";
import type { PaperOptions } from "./options.ts";

/** ||x_i||_1 of each image, summed or as the sum over pixels of the mean over channels; [N] */
export function imageNorms(set: ImageSet, { l1Reduction }: Pick<PaperOptions, "l1Reduction">): number[] {
  const divisor = l1Reduction === "sum" ? 1 : set.shape[1];
  return Array.from({ length: set.shape[0] }, (_, i) => {
    const total = imageOf(set, i).reduce((norm, value) => norm + Math.abs(value), 0);
    return total / divisor;
  });
}

/** The mean of numbers. */
export function meanOf(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
