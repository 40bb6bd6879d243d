/** What is known of a data set as text for a terminal. */
import type { DataSetSummary, LabelRange } from "../data/datasets/summary.ts";
import { numberText } from "./number-text.ts";
import { plainColors, printable, type TextColors } from "./table.ts";

/** Of many subjects, so many are named. */
const mostNamed = 6;

/**
 * Draws a summary: counts, label ranges (angles in radians and degrees), what was skipped, notes and warnings.
 *
 * @param summary what is known
 * @param imageSize height and width of the first image, px; null when it cannot be read
 * @param colors what to colour with
 */
export function dataSetTable(
  summary: DataSetSummary,
  imageSize: readonly [height: number, width: number] | null,
  colors: TextColors = plainColors,
): string {
  const { bold, dim, yellow } = colors;
  const { title, count, labels, skipped, notes, warnings } = summary;
  const rows: [string, string][] = [
    ["samples", count.toLocaleString("en")],
    ["first image", imageSize === null ? "cannot be read" : `${imageSize.join("x")} (height x width)`],
    ["subjects", subjectsText(summary)],
    ...labels.map((label): [string, string] => [printable(label.name), rangeText(label)]),
    ["skipped", skipped.reduce((sum, each) => sum + each.count, 0).toLocaleString("en")],
    ...skipped.map((each): [string, string] => [
      "",
      `${each.count.toLocaleString("en")}: ${printable(each.reason)}, such as ${printable(each.example)}`,
    ]),
    ...notes.map((note, i): [string, string] => [i === 0 ? "notes" : "", printable(note)]),
  ];
  const wide = Math.max(...rows.map(([what]) => what.length));
  const lines = rows.map(([what, value]) => `  ${dim(what.padEnd(wide))}  ${value}`);
  const warned = warnings.map((warning) => `  ${yellow(`warning: ${printable(warning)}`)}`);
  return `${[bold(printable(title)), ...lines, ...warned].join("\n")}\n`;
}

function subjectsText({ subjects }: DataSetSummary): string {
  const names = Object.keys(subjects);
  if (names.length === 0) return "not told";
  const counts = Object.values(subjects);
  const named = names.slice(0, mostNamed).map(printable).join(", ");
  const more = names.length > mostNamed ? " ..." : "";
  return `${names.length} (${named}${more}) of ${Math.min(...counts)} to ${Math.max(...counts)} samples`;
}

function rangeText({ unit, least, most, mean, deviation, counts }: LabelRange): string {
  if (counts !== null) {
    const each = counts.map(({ value, count }) => `${value}: ${count.toLocaleString("en")}`);
    return `${counts.length} ${counts.length === 1 ? "value" : "values"} (${each.join(", ")})`;
  }
  const range = `${numberText(least)} to ${numberText(most)}, mean ${numberText(mean)}, deviation ${numberText(deviation)}`;
  if (unit !== "radians") return unit === "class" ? range : `${range} (${unit})`;
  const degrees = (value: number): string => ((value * 180) / Math.PI).toFixed(1);
  return `${range} rad (${degrees(least)} to ${degrees(most)} degrees)`;
}
