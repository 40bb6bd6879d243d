/** The words and rows of a comparison, which its table, its Markdown and its page share. Texts are as they stand in the results. */
import { type ComparisonKind, shownDigits } from "./comparison.ts";
import type { FamilySide, ResultDiff, ScoreSide } from "./diff.ts";
import type { FieldValue } from "./field-changes.ts";
import { numberText } from "./number-text.ts";
import type { Interval } from "./suspects.ts";

/** A row: what, and its value on both sides. */
export interface DiffRow {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** What the difference means. */
  readonly note: string;
}

/** Rows under a heading. */
export interface DiffSection {
  readonly title: string;
  readonly rows: readonly DiffRow[];
}

/** What stands above the columns of a section's table, and its cells; without notes where there are none. */
export function diffColumns({ rows }: DiffSection): { head: string[]; rows: string[][] } {
  const head = ["what", "before", "after", "meaning"];
  const cells = rows.map(({ name, before, after, note }) => [name, before, after, note]);
  const width = rows.some(({ note }) => note !== "") ? 4 : 3;
  return { head: head.slice(0, width), rows: cells.map((row) => row.slice(0, width)) };
}

/** Lines under a heading. */
export interface DiffList {
  readonly title: string;
  readonly items: readonly string[];
}

const comparisonSentences: Readonly<Record<ComparisonKind, string>> = {
  repeat: "Comparable: the same scan of the same model.",
  models: "Comparable in part: two models, scanned in the same way. Their scores are on one scale.",
  different: "Not comparable: these are not the same scan, so their scores say nothing about each other.",
};

/** Whether the results can be compared, in a sentence. The reasons are in the comparison itself. */
export function comparisonSentence({ comparison }: ResultDiff): string {
  return comparisonSentences[comparison.kind];
}

/** What became of the verdict, in a sentence. */
export function verdictSentence({ verdict }: ResultDiff): string {
  return verdict.isChanged
    ? `The verdict changed: ${verdict.before} -> ${verdict.after}.`
    : `The verdict is the same: ${verdict.before}.`;
}

/** The rows of what was measured, which stand there whether they changed or not, and of all else that changed. */
export function diffSections(diff: ResultDiff): DiffSection[] {
  const groups = [...new Set(diff.changes.map(({ group }) => group))];
  const sections: DiffSection[] = [
    { title: "result", rows: resultRows(diff) },
    {
      title: "families",
      rows: diff.families.map(({ family, before, after }) =>
        rowOf(family, familyText(before), familyText(after)),
      ),
    },
    ...groups.map((group) => ({
      title: group,
      rows: diff.changes
        .filter((change) => change.group === group)
        .map(({ name, before, after }) => rowOf(name, valueText(before), valueText(after))),
    })),
  ];
  return sections.filter(({ rows }) => rows.length > 0);
}

/** Reasons of both verdicts when it changed, and warnings and gaps that only one result has. */
export function diffLists({ before, after, verdict, warnings, notChecked }: ResultDiff): DiffList[] {
  const lists: DiffList[] = [
    { title: "reasons before", items: verdict.isChanged ? before.reasons : [] },
    { title: "reasons after", items: verdict.isChanged ? after.reasons : [] },
    { title: "new warnings", items: warnings.added },
    { title: "warnings that are gone", items: warnings.removed },
    { title: "not checked any more", items: notChecked.added },
    { title: "now checked", items: notChecked.removed },
  ];
  return lists.filter(({ items }) => items.length > 0);
}

const rowOf = (name: string, before: string, after: string, note = ""): DiffRow => ({
  name,
  before,
  after,
  note,
});

function resultRows({ verdict, score, intervalsOverlap, target }: ResultDiff): DiffRow[] {
  const overlap = intervalsOverlap === null ? "" : intervalsOverlap ? "they overlap" : "they do not overlap";
  const number = (name: "score" | "threshold" | "margin", note = ""): DiffRow =>
    rowOf(name, numberText(score.before[name]), numberText(score.after[name]), note);
  const interval = (side: ScoreSide): string =>
    side.interval === null ? "not measured" : intervalText(side.interval);
  return [
    rowOf("verdict", verdict.before, verdict.after, verdict.isChanged ? "changed" : ""),
    number("score", "below the threshold is suspicious"),
    rowOf("interval", interval(score.before), interval(score.after), overlap),
    number("threshold"),
    number("margin", "score / threshold"),
    ...target.map(({ name, before, after }) =>
      rowOf(`target ${name}`, valueText(before), valueText(after), "mean output under the reversed trigger"),
    ),
  ];
}

function familyText(side: FamilySide | null): string {
  if (side === null) return "not searched";
  if (side.score === null) return "nothing found";
  const target = side.target?.map(numberText).join(", ") ?? "";
  return `${numberText(side.score)} (${intervalText(side.interval!)}) at ${target}`;
}

/** Whole, a hash would push the columns apart. */
const sha256 = /^[0-9a-f]{64}$/;

const intervalText = ({ low, high }: Interval): string => `${numberText(low)} to ${numberText(high)}`;

function valueText(value: FieldValue): string {
  if (value === null) return "none";
  if (typeof value === "number") return numberText(value);
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  const text = String(value);
  return sha256.test(text) ? text.slice(0, shownDigits) : text;
}
