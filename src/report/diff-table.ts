/** A comparison of two results as text for a terminal. */
import type { ResultDiff } from "./diff.ts";
import {
  comparisonSentence,
  type DiffRow,
  diffLists,
  diffSections,
  verdictSentence,
} from "./diff-sections.ts";
import { plainColors, printable, type TextColors } from "./table.ts";

/**
 * Draws a comparison: whether it is one, what became of the verdict, and every value that differs.
 *
 * @param diff the comparison
 * @param colors what to colour with
 */
export function diffTable(diff: ResultDiff, colors: TextColors = plainColors): string {
  const { bold, dim, green, red, yellow } = colors;
  const { comparison, verdict } = diff;
  const sections = diffSections(diff);
  const all = sections.flatMap(({ rows }) => rows);
  const width = (of: (row: DiffRow) => string): number =>
    Math.max(...all.map((row) => printable(of(row)).length));
  const widths = [width(({ name }) => name), width(({ before }) => before), width(({ after }) => after)];
  const line = ({ name, before, after, note }: DiffRow): string => {
    const cells = [name, before, after].map((cell, i) => printable(cell).padEnd(widths[i]!));
    return `  ${cells.join("  ")}  ${dim(note)}`.trimEnd();
  };
  const paint = { repeat: green, models: yellow, different: red }[comparison.kind];
  const lines = [
    bold(`${printable(diff.before.path)} -> ${printable(diff.after.path)}`),
    paint(comparisonSentence(diff)),
    ...comparison.differences.map((text) => `  ${printable(text)}`),
    ...comparison.cautions.map((text) => `  ${dim(printable(text))}`),
    (verdict.isChanged ? red : green)(verdictSentence(diff)),
    ...sections.flatMap(({ title, rows }) => ["", bold(title), ...rows.map(line)]),
    ...diffLists(diff).flatMap(({ title, items }) => [
      "",
      bold(title),
      ...items.map((item) => `  ${printable(item)}`),
    ]),
    "",
    dim("all else is the same"),
  ];
  return `${lines.join("\n")}\n`;
}
