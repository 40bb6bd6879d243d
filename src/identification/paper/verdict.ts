/** The verdict: Section 3.4 of the paper, and the checks that it leaves out. */
import type { Verdict } from "../identification.ts";
import type { PaperOptions } from "./options.ts";

/** What a verdict rests on. */
export interface VerdictInputs {
  /** (1/N) sum_i ||x'_i - x_i||_1 / ||x_hat||_1 */
  readonly score: number;
  /** The score of the pretrained G, before any search. */
  readonly floor: number;
  /** Null where angles say nothing: a classifier's features do not collapse as a regressor's do. */
  readonly coneRatio: number | null;
  readonly outputVarianceRatio: number;
  /** Whether all steps of the search were done. */
  readonly isComplete: boolean;
}

/** A verdict and why. */
export interface JudgedVerdict {
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
}

/** I(f) of Section 3.4: backdoored if the mean perturbation is below epsilon ||x_hat||_1. */
export function paperRule(score: number, epsilon: number): Exclude<Verdict, "inconclusive"> {
  return score < epsilon ? "backdoored" : "benign";
}

/**
 * The paper's rule with its preconditions checked.
 *
 * Deviation: a small perturbation is no evidence while the outputs did not collapse (the search found nothing), and
 * epsilon separates nothing while the generator alone costs about as much; both are inconclusive here.
 */
export function judge(inputs: VerdictInputs, options: PaperOptions): JudgedVerdict {
  const { score, floor, coneRatio, outputVarianceRatio } = inputs;
  const byPaper = paperRule(score, options.epsilon);
  const side = byPaper === "backdoored" ? "below" : "not below";
  const rule = `mean perturbation is ${percent(score)} of the largest image norm, ${side} epsilon = ${percent(options.epsilon)}`;
  if (options.rule === "paper") return { verdict: byPaper, reasons: [rule] };
  const doubts: string[] = [];
  if (!inputs.isComplete) doubts.push("the search was cut short by the time budget");
  // Asked the other way round, so that what could not be measured (NaN) is a doubt too.
  if (!Number.isFinite(score)) doubts.push("the perturbation could not be measured");
  if (!(floor <= options.floorLimit)) {
    doubts.push(
      `the generator alone perturbs images by ${percent(floor)} of the largest norm (limit ${percent(options.floorLimit)}): epsilon cannot tell a trigger from its blur`,
    );
  }
  if (coneRatio !== null && !(coneRatio <= options.collapseLimit))
    doubts.push(notCollapsed("angles in feature space", coneRatio, options));
  if (!(outputVarianceRatio <= options.collapseLimit))
    doubts.push(notCollapsed("outputs", outputVarianceRatio, options));
  if (doubts.length > 0) return { verdict: "inconclusive", reasons: [...doubts, rule] };
  return {
    verdict: byPaper,
    reasons: [rule, collapsed(coneRatio, outputVarianceRatio)],
  };
}

function collapsed(coneRatio: number | null, outputVarianceRatio: number): string {
  const outputs = outputVarianceRatio.toFixed(3);
  return coneRatio === null
    ? `the probabilities collapsed: their variance ratio is ${outputs}`
    : `the outputs collapsed: variance ratios ${coneRatio.toFixed(3)} (angles) and ${outputs} (outputs)`;
}

function notCollapsed(what: string, ratio: number, { collapseLimit }: PaperOptions): string {
  return `the ${what} kept ${percent(ratio)} of their variance (limit ${percent(collapseLimit)}): no input-independent output was found`;
}

const percent = (value: number): string => `${(100 * value).toPrecision(3)} %`;
