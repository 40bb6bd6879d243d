/** Values before and after, one a line. */
import { dot, ruleX, ruleY, text } from "@observablehq/plot";
import type { ReportContext } from "../chart-document.ts";
import { colorOf } from "../page/palette.ts";
import { chartSvg, domainFromZero } from "./chart.ts";

/** A value before and after. */
export interface Change {
  readonly name: string;
  readonly before: number;
  readonly after: number;
}

const lineHeight = 46;

/**
 * Draws values before (triangles) and after (diamonds), on one scale from 0.
 *
 * @param x what they are, with their unit
 */
export function changeChart(
  context: ReportContext,
  label: string,
  x: string,
  changes: readonly Change[],
): string {
  // Names may be alike; what stands on an axis must differ.
  const lines = changes.map((change, line) => ({ ...change, line }));
  const values = changes.flatMap(({ before, after }) => [before, after]);
  return chartSvg(context, label, {
    height: 46 + lineHeight * lines.length,
    marginLeft: 14,
    marginTop: 8,
    x: { label: x, labelArrow: "none", domain: domainFromZero(values, 0.06) },
    y: { type: "point", domain: lines.map(({ line }) => line), axis: null, padding: 0.6 },
    marks: [
      ruleX([0], { stroke: colorOf("line") }),
      ruleY(lines, { y: "line", x1: "before", x2: "after", stroke: colorOf("dim") }),
      text(lines, { x: 0, y: "line", text: "name", textAnchor: "start", dx: 4, dy: -16 }),
      dot(lines, {
        x: "before",
        y: "line",
        symbol: "triangle",
        fill: colorOf("reversed"),
        r: 5,
        className: "marks-reversed",
      }),
      dot(lines, {
        x: "after",
        y: "line",
        symbol: "diamond",
        stroke: colorOf("control"),
        strokeWidth: 2,
        r: 5,
        className: "marks-after",
      }),
    ],
  });
}
