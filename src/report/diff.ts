/** Two results of scans side by side: what changed, and whether they can be compared at all. */
import type { Verdict } from "../identification/identification.ts";
import { type Comparison, compare } from "./comparison.ts";
import { type FieldChange, fieldChanges } from "./field-changes.ts";
import type { ScanResult } from "./result.ts";
import { type Interval, scoreInterval } from "./suspects.ts";

/** The version of what {@link diffResults} gives: the first number changes when older readers would misread it. */
export const resultDiffVersion = "1.0";

/** A value of both results. */
export interface Change<T> {
  readonly before: T;
  readonly after: T;
}

/** What a scan measured. */
export interface ScoreSide {
  readonly score: number;
  readonly interval: Interval | null;
  readonly threshold: number;
  readonly margin: number;
}

/** What the cheapest target of a family scored; without numbers when nothing was found to compare. */
export interface FamilySide {
  readonly score: number | null;
  readonly interval: Interval | null;
  readonly target: readonly number[] | null;
}

/** Texts that only one of both results has. */
export interface TextChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** Which result stands on a side. */
export interface DiffSide {
  /** The file that it was read from. */
  readonly path: string;
  readonly model: string;
  readonly sha256: string;
  readonly createdAt: string;
  readonly reasons: readonly string[];
}

/** What changed from one result to another. */
export interface ResultDiff {
  readonly schemaVersion: typeof resultDiffVersion;
  readonly before: DiffSide;
  readonly after: DiffSide;
  readonly comparison: Comparison;
  readonly verdict: Change<Verdict> & { readonly isChanged: boolean };
  readonly score: Change<ScoreSide>;
  /** Whether the intervals of both scores have a point in common; null when there are no two. */
  readonly intervalsOverlap: boolean | null;
  /** Each output of either model; null on the side that has none of the name. */
  readonly target: readonly ({ readonly name: string } & Change<number | null>)[];
  /** Each family that either scan searched in; null on the side that did not. */
  readonly families: readonly ({ readonly family: string } & Change<FamilySide | null>)[];
  /** All else that differs. */
  readonly changes: readonly FieldChange[];
  readonly warnings: TextChanges;
  readonly notChecked: TextChanges;
}

/**
 * Compares two results.
 *
 * @param before one result
 * @param after another
 * @param paths what to call them
 */
export function diffResults(before: ScanResult, after: ScanResult, paths: Change<string>): ResultDiff {
  const [first, second] = [scoreSide(before), scoreSide(after)];
  const overlap =
    first.interval === null || second.interval === null
      ? null
      : first.interval.low <= second.interval.high && second.interval.low <= first.interval.high;
  return {
    schemaVersion: resultDiffVersion,
    before: sideOf(before, paths.before),
    after: sideOf(after, paths.after),
    comparison: compare(before, after),
    verdict: {
      before: before.verdict,
      after: after.verdict,
      isChanged: before.verdict !== after.verdict,
    },
    score: { before: first, after: second },
    intervalsOverlap: overlap,
    target: paired(targetsOf(before), targetsOf(after)).map(([name, change]) => ({ name, ...change })),
    families: paired(familiesOf(before), familiesOf(after)).map(([family, change]) => ({
      family,
      ...change,
    })),
    changes: fieldChanges(before, after),
    warnings: textChanges(before.warnings, after.warnings),
    notChecked: textChanges(before.notChecked, after.notChecked),
  };
}

function sideOf({ model, createdAt, reasons }: ScanResult, path: string): DiffSide {
  return { path, model: model.path, sha256: model.sha256, createdAt, reasons };
}

function scoreSide(result: ScanResult): ScoreSide {
  const { score, threshold, margin } = result;
  return { score, interval: scoreInterval(result), threshold, margin };
}

const targetsOf = ({ target }: ScanResult): Map<string, number> =>
  new Map(target.map(({ name, value }) => [name, value]));

function familiesOf({ contrast = [] }: ScanResult): Map<string, FamilySide> {
  return new Map(
    contrast.map(({ family, findings }) => {
      const [lowest] = [...findings].sort((a, b) => a.score - b.score);
      return [
        family,
        lowest === undefined
          ? { score: null, interval: null, target: null }
          : {
              score: lowest.score,
              interval: { low: lowest.low, high: lowest.high },
              target: lowest.target,
            },
      ];
    }),
  );
}

/** The values of both sides by name, in the order in which the names are met. */
function paired<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
): [name: string, change: Change<T | null>][] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].map((name) => [
    name,
    { before: before.get(name) ?? null, after: after.get(name) ?? null },
  ]);
}

function textChanges(before: readonly string[], after: readonly string[]): TextChanges {
  return {
    added: after.filter((text) => !before.includes(text)),
    removed: before.filter((text) => !after.includes(text)),
  };
}
