/** The verdict of FeatureRE for regression: none, unless a bar is given. */
import type { Verdict } from "../identification.ts";
import type { FeatureReOptions } from "./options.ts";

/** What a verdict rests on. */
export interface VerdictInputs {
  /** (1/N) sum_i ||G(x_i) - x_i||_1 / ||x_hat||_1 */
  readonly score: number;
  /** The mean error of mixed features' outputs over all clean images, in standard deviations. */
  readonly error: number;
  readonly isComplete: boolean;
}

/** A verdict and why. */
export interface JudgedVerdict {
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
}

const percent = (value: number): string => `${(100 * value).toPrecision(3)} %`;

/**
 * Inconclusive, with what was measured. With `rule=threshold`, backdoored when the perturbation is below epsilon and benign when it is
 * not, as long as the search was done and found a common output.
 *
 * Reading: the publication's own rule takes the best class, and there are none here; the paper ranks models by the perturbation.
 */
export function judge({ score, error, isComplete }: VerdictInputs, options: FeatureReOptions): JudgedVerdict {
  const { rule, epsilon, errorLimit } = options;
  const measured = `mean perturbation is ${percent(score)} of the largest image norm, the mean error ${error.toPrecision(3)} standard deviations`;
  const doubts: string[] = [];
  if (!isComplete) doubts.push("the search was cut short by the time budget");
  // Asked the other way round, so that what could not be measured (NaN) is a doubt too.
  if (!(error <= errorLimit)) {
    doubts.push(
      `mixed features leave a mean error of ${error.toPrecision(3)} standard deviations (limit ${errorLimit}): no common output was found`,
    );
  }
  if (!Number.isFinite(score)) doubts.push("the perturbation could not be measured");
  if (rule === "rank")
    doubts.push("this method ranks models by their perturbation: no bar is known for one alone");
  if (doubts.length > 0) return { verdict: "inconclusive", reasons: [...doubts, measured] };
  const isBelow = score < epsilon;
  return {
    verdict: isBelow ? "backdoored" : "benign",
    reasons: [`${measured}; it is ${isBelow ? "below" : "not below"} epsilon = ${percent(epsilon)}`],
  };
}
