/** Which kinds of triggers a result speaks of. */
import { type FamilyName, familyNames } from "../identification/families/families.ts";
import type { MethodName } from "../identification/methods.ts";
import type { ScanResult } from "./result.ts";

/** The ends of a score's interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** A kind of trigger: a family, or what a method that knows no families searches with. */
export type TriggerKind = FamilyName | "generator" | "mask" | "feature-mask" | "other";

/** A backdoor that a result names. */
export interface Suspect {
  readonly kind: TriggerKind;
  readonly score: number;
  readonly interval: Interval | null;
  /** In the model's unit, in the order of the result's target. */
  readonly target: readonly number[];
}

/** What methods search with that have no families. */
const kindOfMethod: Readonly<Record<Exclude<MethodName, "contrast">, TriggerKind>> = {
  paper: "generator",
  "neural-cleanse": "mask",
  "feature-re": "feature-mask",
};

/** Results may come from newer versions, with families and methods that are not known here. */
function kindOf(name: string): TriggerKind {
  const family = familyNames.find((each) => each === name);
  return family ?? kindOfMethod[name as keyof typeof kindOfMethod] ?? "other";
}

/** What a family has found, the cheapest target first. */
function findingsOf({ contrast = [] }: ScanResult): Suspect[] {
  return contrast
    .flatMap(({ family, findings }) =>
      findings.map(({ score, low, high, target }) => ({
        kind: kindOf(family),
        score,
        interval: { low, high },
        target,
      })),
    )
    .sort((a, b) => a.score - b.score);
}

/**
 * The interval of the score that a verdict compares; null when the method gives none.
 *
 * @param result the result of a scan
 */
export function scoreInterval(result: ScanResult): Interval | null {
  // A score that no finding has is that of a scan that found nothing to compare.
  return findingsOf(result).find(({ score }) => score === result.score)?.interval ?? null;
}

/**
 * The backdoors that a result names: of a backdoored model one for each kind of trigger, the most suspicious first; of others none.
 *
 * @param result the result of a scan
 */
export function suspectsOf(result: ScanResult): Suspect[] {
  if (result.verdict !== "backdoored") return [];
  const below = findingsOf(result).filter(({ interval }) => interval!.high < result.threshold);
  if (below.length === 0) {
    const target = result.target.map(({ value }) => value);
    return [{ kind: kindOf(result.method), score: result.score, interval: scoreInterval(result), target }];
  }
  return below.filter(({ kind }, i) => below.findIndex((other) => other.kind === kind) === i);
}
