/** Where clean outputs lie, and coordinates in which they are spread evenly. */
import type { ImageSet } from "../../data/image-set.ts";
import { columnMeans, columnVariances } from "../../metrics/statistics.ts";
import { symmetricPower } from "../../metrics/symmetric-power.ts";

/**
 * The scale of clean outputs. A target f has the deviations z = C^(-1/2) (f - mean) / std, where C is the correlation of the
 * outputs: z = (f - mean) / std where they do not depend on each other.
 *
 * Outputs that go together leave directions that no image takes. A target there is dear on every model, and without C each
 * target along the others would be cheap beside it.
 */
export interface OutputScale {
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** C^(1/2) and its inverse, [d][d] */
  readonly root: readonly (readonly number[])[];
  readonly inverseRoot: readonly (readonly number[])[];
  /**
   * The deviations of the clean outputs, [N][d], where there are many: of the directions that 136 coordinates of landmarks have, images take few, and a target at
   * random is a face that no image shows and no trigger reaches. null where there are few, which any direction stands for.
   */
  readonly usual: readonly (readonly number[])[] | null;
}

/** So many outputs are few: up to eight nothing was found wrong with targets in any direction (docs/research-log.md). */
const mostFew = 8;
/**
 * The least that a deviation in any direction moves outputs by, root mean square, in their standard deviations: as close as they are asked to come. What moves them
 * by less is noise, of which many outputs have so many directions that every distance would be made of it. With ten outputs the shrinkage does as much.
 */
const leastMove = 0.1;

/** Below this part of its mean's size, a standard deviation is rounding. */
const flat = 1e-6;
/** Correlations are drawn this far to 0: no direction is shorter than 0.3, about the error that counts as collapsed. */
const shrinkage = 0.1;

/** Outputs that do not depend on the image; these have no unit to measure in. */
export function constantOutputs(outputs: Float32Array, d: number): number[] {
  const mean = columnMeans(outputs, d);
  return columnVariances(outputs, d).flatMap((variance, j) =>
    Math.sqrt(variance) <= flat * Math.max(1, Math.abs(mean[j]!)) ? [j] : [],
  );
}

/**
 * The scale of clean outputs, none of which is constant.
 *
 * @param outputs f(x), [N, d]
 */
export function outputScale(outputs: Float32Array, d: number): OutputScale {
  const mean = columnMeans(outputs, d);
  const std = columnVariances(outputs, d).map(Math.sqrt);
  const correlation = std.map((_, i) =>
    std.map((__, j) => (i === j ? 1 : (1 - shrinkage) * correlationOf(outputs, { mean, std }, i, j))),
  );
  const least = leastMove ** 2 * d;
  const scale = {
    mean,
    std,
    root: symmetricPower(correlation, 0.5, least),
    inverseRoot: symmetricPower(correlation, -0.5, least),
    usual: null,
  };
  if (d <= mostFew) return scale;
  return { ...scale, usual: allDeviations(outputs, scale) };
}

/** The deviations of many outputs. */
export function allDeviations(outputs: Float32Array, scale: OutputScale): number[][] {
  const d = scale.std.length;
  return Array.from({ length: outputs.length / d }, (_, i) =>
    toDeviations(outputs.subarray(i * d, (i + 1) * d), scale),
  );
}

/** A target in the model's units from its deviations. */
export function toOutputs(deviations: readonly number[], { mean, std, root }: OutputScale): number[] {
  return times(root, deviations).map((value, j) => mean[j]! + value * std[j]!);
}

/** The deviations of a target in the model's units. */
export function toDeviations(output: ArrayLike<number>, { mean, std, inverseRoot }: OutputScale): number[] {
  return times(
    inverseRoot,
    mean.map((center, j) => (output[j]! - center) / std[j]!),
  );
}

/**
 * The average of all clean images: it shows nothing in particular, and so does an image whose informative parts a trigger covers. What
 * a model gives for it is the centre: the output that is cheapest to draw all images to, backdoor or not.
 */
export function averageImage(set: ImageSet): ImageSet {
  const { shape, pixels } = set;
  const [count, ...imageShape] = shape;
  const size = pixels.length / count;
  const mean = new Float32Array(size);
  for (let i = 0; i < pixels.length; i++) mean[i % size]! += pixels[i]! / count;
  return { ...set, shape: [1, ...imageShape], pixels: mean, labels: null, names: ["average of all images"] };
}

function correlationOf(
  outputs: Float32Array,
  { mean, std }: Pick<OutputScale, "mean" | "std">,
  i: number,
  j: number,
): number {
  const d = mean.length;
  const count = outputs.length / d;
  let total = 0;
  for (let row = 0; row < count; row++) {
    total += (outputs[row * d + i]! - mean[i]!) * (outputs[row * d + j]! - mean[j]!);
  }
  return total / (count * std[i]! * std[j]!);
}

function times(matrix: readonly (readonly number[])[], vector: readonly number[]): number[] {
  return matrix.map((row) => row.reduce((total, value, j) => total + value * vector[j]!, 0));
}
