/** By how much a mean rises, and how well some images tell that. */
import { studentQuantile } from "./prediction-interval.ts";

/** A rise as a part of what was before: 0.1 for 10 %. */
export interface RelativeRise {
  readonly rise: number;
  /** Where the rise over all such images lies, with a confidence of 95 %; null where nothing was there before, or for a single image. */
  readonly interval: readonly [low: number, high: number] | null;
}

/** Each side leaves 2.5 % out. */
const quantile = 0.975;

/**
 * The rise r = mean(after) / mean(before) - 1 of paired values, with the interval r +- t sqrt(sum (a_i - (1 + r) b_i)^2 / (n (n - 1))) / mean(b).
 *
 * What an image has before and after goes together, so that the interval is much narrower than those of the two means. It is of other images of the same kind,
 * not of other repairs. From nothing the rise is infinite, or 0.
 *
 * Source: Cochran 1977, "Sampling Techniques", 6.4 (the ratio estimator and its variance).
 *
 * @param before b, [n]
 * @param after a, [n], of the same images
 */
export function relativeRise(before: Float64Array, after: Float64Array): RelativeRise {
  const n = before.length;
  const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / n;
  const level = mean(before);
  if (level === 0) return { rise: mean(after) === 0 ? 0 : Infinity, interval: null };
  const rise = mean(after) / level - 1;
  if (n < 2) return { rise, interval: null };
  const squares = after.reduce((sum, value, i) => sum + (value - (1 + rise) * before[i]!) ** 2, 0);
  const half = (studentQuantile(quantile, n - 1) * Math.sqrt(squares / (n * (n - 1)))) / level;
  return { rise, interval: [rise - half, rise + half] };
}
