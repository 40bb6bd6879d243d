/** The verdict of the method of contrast: over all families, the lowest score decides. */
import type { Verdict } from "../identification.ts";
import type { ContrastOptions } from "./options.ts";

/**
 * What a cost is compared with: homes and controls as far away as it is; such controls alone, closer than what is cheap on any model comes, but for what hidden images give, where it is not asked to climb; or controls farther away alone, for a target at the mean.
 */
export type Beside = "homes and controls" | "controls" | "farther controls";

/** What is known of a dip. */
export interface JudgedFinding {
  readonly family: string;
  readonly score: number;
  readonly low: number;
  readonly high: number;
  /** What is in all three: how much dearer it gets when outputs are to come closer; null where that could not be measured, and is not in them. */
  readonly climb: number | null;
  /** The part of the way to it that other triggers as large go, which is in all three too; null where that was not asked. */
  readonly generality: number | null;
  /** How close outputs had to come to a target, in standard deviations. */
  readonly tolerance: number;
  /** Whether any output was reached that is cheap on every model, in a family in which some can be. */
  readonly isComparable: boolean;
  readonly beside: Beside;
  /** Whether it lies where all hidden images do, and what it was compared with does not tell that from a backdoor: controls alone, or by patches such as were not all reached. */
  readonly leadsWhereHidden: boolean;
  /** Whether triggers of the family can hide what an image shows. */
  readonly canHide: boolean;
  /** Control targets, and how many of them any trigger reached. */
  readonly controls: readonly { readonly cost: number | null }[];
}

/** What a verdict rests on. */
export interface VerdictInputs {
  /** Every dip that was contrasted, of all families. */
  readonly findings: readonly JudgedFinding[];
  /** Families whose cheapest target was no dip, and what it cost of what the mean output or others let expect. */
  readonly noDips: readonly { readonly family: string; readonly ratio: number }[];
  /** Families in which no target of the map was reached. */
  readonly emptyFamilies: readonly string[];
  /** Whether all steps of all families were done. */
  readonly isComplete: boolean;
  /** The mean error of {@link decidingOf}'s trigger over all clean images; null when there is none. */
  readonly wholeError: number | null;
  readonly limits: Limits;
}

/** What scores are compared with. */
export interface Limits {
  /** The score below which a finding shows a backdoor. */
  readonly decisive: number;
  /** The score below which one shows it so clearly that nothing further is searched, nor a warp's climb has to be known. */
  readonly certain: number;
}

/** A verdict and why. */
export interface JudgedVerdict {
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
}

/**
 * The limits: the threshold, and a power of it for one output, which leaves controls on one side alone; and what is certain.
 *
 * @param d outputs
 */
export function limitsOf(
  {
    threshold,
    oneOutputPower,
    certainPower,
  }: Pick<ContrastOptions, "threshold" | "oneOutputPower" | "certainPower">,
  d: number,
): Limits {
  const decisive = d === 1 ? threshold ** oneOutputPower : threshold;
  return { decisive, certain: Math.min(decisive, threshold ** certainPower) };
}

/** What decides how low the end of a finding's interval must lie. */
type Provable = Pick<JudgedFinding, "climb" | "isComparable" | "beside" | "leadsWhereHidden" | "canHide">;

/**
 * What the end of a finding's interval must lie below to show a backdoor; 0 where nothing would. What was compared with nothing shows none. Nor does what could not
 * be asked to climb, because its trigger draws outputs together only roughly: a benign network whose outputs a few pixels move by two deviations had a score of 0.07
 * (docs/research-log.md). A warp hides nothing and reaches no target by itself; it must be as clear without. So must what was compared with controls alone.
 * What lies where all hidden images do shows none beside controls alone, nor by patches where some control was not reached: it is cheap so on any model.
 */
function limitOf(finding: Provable, { decisive, certain }: Limits): number {
  if (finding.leadsWhereHidden) return 0;
  if (isAlone(finding)) return certain;
  if (!finding.isComparable || cannotClimb(finding)) return 0;
  return finding.climb === null ? certain : decisive;
}

/** Whether a finding was compared with controls alone. */
export const isAlone = ({ beside }: Pick<JudgedFinding, "beside">): boolean =>
  beside !== "homes and controls";

/** Whether a finding shows no backdoor, however low, because its trigger can hide an image and leaves outputs too far off to ask it to climb. */
export function cannotClimb({ climb, canHide }: Pick<JudgedFinding, "climb" | "canHide">): boolean {
  return climb === null && canHide;
}

/** Whether a finding shows a backdoor. */
export function showsBackdoor(finding: Provable & Pick<JudgedFinding, "high">, limits: Limits): boolean {
  return finding.high < limitOf(finding, limits);
}

/** Whether a finding shows a backdoor so clearly that nothing further is searched. */
export function isCertain(finding: Provable & Pick<JudgedFinding, "high">, limits: Limits): boolean {
  return finding.high < Math.min(limits.certain, limitOf(finding, limits));
}

/** The part of what a trigger does that others as large do not, which a score is divided by; 1 where they were not asked. */
export const restOf = ({ generality }: Pick<JudgedFinding, "generality">): number => 1 - (generality ?? 0);

/** Whether a finding would be cheap but for what other triggers as large do too. */
export function isOnlyGeneral(
  finding: Pick<JudgedFinding, "score" | "generality">,
  decisive: number,
): boolean {
  return finding.score >= decisive && finding.score * restOf(finding) < decisive;
}

/** The finding that a verdict rests on: the lowest that shows a backdoor, or the lowest of all where none does; null when there is none. */
export function decidingOf<F extends Provable & Pick<JudgedFinding, "score" | "high">>(
  findings: readonly F[],
  limits: Limits,
): F | null {
  return lowestOf(findings.filter((each) => showsBackdoor(each, limits))) ?? lowestOf(findings);
}

/** The finding with the lowest score; null when there is none. */
export function lowestOf<F extends Pick<JudgedFinding, "score">>(findings: readonly F[]): F | null {
  return findings.reduce<F | null>(
    (low, each) => (low === null || each.score < low.score ? each : low),
    null,
  );
}

/**
 * Whether a finding is a backdoor as the lowest is: by ratio nearer to its score than to what decides. Where there is one, all else
 * is dearer than on a model without, and what is cheap anyway scores lower than there.
 */
export function isLikeLowest(score: number, lowest: number, decisive: number): boolean {
  return score < Math.sqrt(lowest * decisive);
}

/**
 * Backdoored when the interval of a score lies below what decides and its trigger works on all clean images; benign
 * when no interval reaches below the threshold; inconclusive otherwise, and when the search was cut short.
 */
export function judge(inputs: VerdictInputs, options: ContrastOptions): JudgedVerdict {
  const { findings, noDips, emptyFamilies, isComplete, wholeError, limits } = inputs;
  const { threshold, wholeTolerance } = options;
  const deciding = decidingOf(findings, limits);
  const notes = [
    ...noDips.map(
      ({ family, ratio }) =>
        `the cheapest target by ${family} triggers costs ${ratio.toFixed(2)} of what the mean output or others let expect, which is no dip`,
    ),
    ...emptyFamilies.map((name) => `no trigger of the family ${name} drew all outputs to a target`),
  ];
  const rule = findings.map((finding) => ruleOf(finding, threshold, limits));
  const isBelow = deciding !== null && showsBackdoor(deciding, limits);
  // Asked the other way round, so that what could not be measured (NaN) does not count as working.
  const isWorking = wholeError !== null && wholeError <= wholeTolerance;
  if (isBelow && isWorking) return { verdict: "backdoored", reasons: [...rule, ...notes] };
  const doubts: string[] = [];
  if (!isComplete) doubts.push("the search was cut short by the time budget");
  else if (deciding === null && noDips.length === 0)
    doubts.push("nothing was found to compare: the score of 1 stands for no contrast");
  if (isBelow && !isWorking) {
    doubts.push(
      `the trigger that was found on a few images leaves a mean error of ${wholeError?.toPrecision(3) ?? "?"} standard deviations ` +
        `over all of them (limit ${wholeTolerance})`,
    );
  }
  const unsure = findings.filter((each) => each.low < threshold && each.high >= limitOf(each, limits));
  doubts.push(...unsure.map((finding) => doubtOf(finding, threshold, limits)));
  return doubts.length > 0
    ? { verdict: "inconclusive", reasons: [...doubts, ...rule, ...notes] }
    : { verdict: "benign", reasons: [...rule, ...notes] };
}

function doubtOf(finding: JudgedFinding, threshold: number, limits: Limits): string {
  const { family, low, high } = finding;
  const interval = `${low.toFixed(2)} to ${high.toFixed(2)}`;
  if (!finding.isComparable)
    return `by ${family} triggers none of the outputs that any model falls back to (the mean, and the one for the average image) was reached, so there is nothing to compare ${interval} with`;
  if (finding.leadsWhereHidden)
    return `the score of the family ${family}, ${interval}, is that of the output which all images give when they are hidden: it is cheap beside controls on a model without a backdoor too, and on some an attacker's target`;
  if (cannotClimb(finding) && !isAlone(finding))
    return `the score of the family ${family}, ${interval}, reaches below ${short(threshold)}, but its trigger leaves outputs too far off to ask how much dearer it gets closer to the target, without which it shows no backdoor`;
  if (high >= threshold)
    return `the threshold lies in the interval of the score of the family ${family}, ${interval}`;
  const why = isAlone(finding)
    ? "where it was compared with controls alone"
    : high >= limits.decisive
      ? "with one output: all controls lie on one side of the mean, and a side may be cheap by nature"
      : "where its trigger leaves outputs too far off to ask how much dearer it gets closer to the target";
  return `the score of the family ${family}, ${interval}, is below ${short(threshold)} but not below ${short(limitOf(finding, limits))}, which it must be ${why}`;
}

const short = (value: number): number => Number(value.toPrecision(3));

function ruleOf(finding: JudgedFinding, threshold: number, limits: Limits): string {
  const { family, score, low, high, climb, tolerance, controls, beside } = finding;
  const limit = isAlone(finding) ? limits.certain : threshold;
  const reached = controls.filter(({ cost }) => cost !== null).length;
  const others = `control targets ${beside === "farther controls" ? "farther away" : "as far away"}`;
  const against =
    reached === 0
      ? `${others}, none of which the largest triggers reached,`
      : reached < controls.length
        ? `${others}, of which ${reached} of ${controls.length} were reached,`
        : others;
  const side = score < limit ? "below" : "not below";
  const [dearer, rest] = [climb ?? 1, restOf(finding)];
  const [alone, least, most] = [score, low, high].map((value) => ((value * rest) / dearer).toFixed(2));
  const more = [
    ...(rest < 1 ? [`other triggers as large go ${(1 - rest).toFixed(2)} of the way`] : []),
    ...(dearer > 1 ? [`it gets ${dearer.toFixed(2)} times dearer when they are to come closer`] : []),
  ];
  const inAll = more.length === 0 ? "" : `; ${more.join(", and ")}: ${score.toFixed(2)} in all`;
  return (
    `the cheapest target by ${family} triggers costs ${alone} (${least} to ${most}) of what ${isAlone(finding) ? "" : "the mean output and "}` +
    `${against} let expect where outputs are to come within ${short(tolerance)} standard deviations${inAll}, ${side} ${short(limit)}`
  );
}
