/** The verdict of Neural Cleanse: is the smallest mask an outlier beside those of targets that stand still? */
import { percentile } from "../../metrics/statistics.ts";
import type { Verdict } from "../identification.ts";
import type { NeuralCleanseOptions } from "./options.ts";

/** The smallest mask beside those of the classes. */
export interface Outlier {
  readonly smallest: number;
  readonly median: number;
  /** 1.4826 median |size - median|: the standard deviation, if sizes were normally distributed. */
  readonly deviation: number;
  /** (median - smallest) / deviation; 0 when they are the same, infinite when there is no deviation. */
  readonly index: number;
}

/** Makes a median absolute deviation one of a normal distribution. */
const consistency = 1.4826;

/**
 * The anomaly index of Wang et al. 2019, "Neural Cleanse": distance from the median in median absolute deviations.
 *
 * @param smallest the size of the smallest mask
 * @param sizes of the masks of the classes; at least one
 */
export function outlierOf(smallest: number, sizes: readonly number[]): Outlier {
  const median = percentile(sizes, 50);
  const distances = sizes.map((size) => Math.abs(size - median));
  const deviation = consistency * percentile(distances, 50);
  return { smallest, median, deviation, index: smallest === median ? 0 : (median - smallest) / deviation };
}

/** What a verdict rests on. */
export interface VerdictInputs {
  /** The smallest mask beside those of held targets; null when there is none to compare. */
  readonly outlier: Outlier | null;
  /** Held targets with a mask that has shrunk until it only just works. */
  readonly settled: number;
  /** The mean error over all clean images under the smallest one, in standard deviations; null when there is none. */
  readonly wholeError: number | null;
  readonly isComplete: boolean;
}

/** A verdict and why. */
export interface JudgedVerdict {
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
}

/**
 * Backdoored when the smallest mask's anomaly index is above the limit, benign when it is not.
 *
 * Reading: the publication asks this of classes, which a regression does not have; here targets that stand still take their place.
 * The paper leaves the verdict out and ranks models by |m|, and that is what this method is good for: targets near an attacker's are
 * cheap as well, so that sizes spread on a backdoored model and the index stays low.
 *
 * Deviation: inconclusive when the search was cut short, when too few masks have shrunk as far as they can for a median to mean anything, and when the smallest
 * does not work on all clean images.
 */
export function judge(
  { outlier, settled, wholeError, isComplete }: VerdictInputs,
  options: NeuralCleanseOptions,
): JudgedVerdict {
  const { anomalyLimit, heldTargets, leastReached, wholeTolerance } = options;
  const doubts: string[] = [];
  if (!isComplete) doubts.push("the search was cut short by the time budget");
  if (outlier === null || settled < leastReached) {
    doubts.push(
      `${settled} of ${heldTargets} targets that stand still have a mask that shrank until it only just works, expected ${leastReached}`,
    );
  }
  // Asked the other way round, so that what could not be measured (NaN) does not count as working.
  if (wholeError !== null && !(wholeError <= wholeTolerance)) {
    doubts.push(
      `the smallest mask leaves a mean error of ${wholeError.toPrecision(3)} standard deviations over all clean images ` +
        `(limit ${wholeTolerance})`,
    );
  }
  const rule = outlier === null ? [] : [ruleOf(outlier, anomalyLimit)];
  if (outlier === null || doubts.length > 0) {
    return { verdict: "inconclusive", reasons: [...doubts, ...rule] };
  }
  return { verdict: outlier.index > anomalyLimit ? "backdoored" : "benign", reasons: rule };
}

function ruleOf({ smallest, median, index }: Outlier, limit: number): string {
  const percent = (value: number): string => `${(100 * value).toPrecision(3)} %`;
  return (
    `the smallest mask covers ${percent(smallest)} of the image, the median one ${percent(median)}: anomaly index ` +
    `${index.toFixed(2)}, ${index > limit ? "above" : "not above"} ${limit}`
  );
}

/** The bar stays above this part of the image, so that score / bar is a number. */
const smallestBar = 1e-6;

/** The size below which a mask would be an outlier. Where it is at or below 0, no mask can be one. */
export function thresholdOf({ median, deviation }: Outlier, { anomalyLimit }: NeuralCleanseOptions): number {
  return Math.max(smallestBar, median - anomalyLimit * deviation);
}
