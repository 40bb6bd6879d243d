/** A score beside its threshold, on a line. */
import { axisX, dot, ruleX, ruleY, text } from "@observablehq/plot";
import type { ReportContext } from "../chart-document.ts";
import { figure } from "../page/elements.ts";
import { colorOf } from "../page/palette.ts";
import type { Interval } from "../suspects.ts";
import { chartSvg, domainFromZero } from "./chart.ts";

/** What a verdict compares. */
export interface Score {
  readonly score: number;
  readonly threshold: number;
  /** Null where the method gives none. */
  readonly interval: Interval | null;
}

/**
 * Draws a score.
 *
 * @param write how a score is written
 */
export function scoreFigure(
  context: ReportContext,
  { score, threshold, interval }: Score,
  write: (score: number) => string,
): string {
  const isBelow = score < threshold;
  const range = interval === null ? "" : `, its interval ${write(interval.low)} to ${write(interval.high)}`;
  const words = `The score is ${write(score)}${range}; the threshold is ${write(threshold)}.`;
  const isSplit = interval !== null && interval.low < threshold && interval.high >= threshold;
  const side = isSplit
    ? "The interval lies on both sides of it."
    : `${interval === null ? "The score" : "All of the interval"} lies ${isBelow ? "below" : "at or above"} it.`;
  const svg = chartSvg(context, words, {
    height: 84,
    marginLeft: 14,
    marginTop: 26,
    x: {
      domain: domainFromZero(
        [score, threshold, ...(interval === null ? [] : [interval.low, interval.high])],
        0.15,
      ),
    },
    y: { domain: [-1, 1], axis: null },
    marks: [
      axisX({ ticks: 4, tickFormat: write, label: "score", labelAnchor: "right", labelArrow: "none" }),
      ruleX([0], { stroke: colorOf("line") }),
      ruleX([threshold], { strokeDasharray: "5 3", strokeWidth: 1.5 }),
      text([[threshold, 1]], { text: ["threshold"], dy: -10 }),
      ...(interval === null
        ? []
        : [
            ruleY([0], {
              x1: interval.low,
              x2: interval.high,
              strokeWidth: 5,
              strokeOpacity: 0.45,
              stroke: colorOf("reversed"),
            }),
          ]),
      dot([[score, 0]], { r: 6, fill: colorOf("reversed"), className: "marks-score" }),
    ],
  });
  const bar = interval === null ? "" : " The bar is the interval.";
  return figure(
    svg,
    `${words} ${side}${bar} What lies left of the dashed line is suspicious: the farther, the more.`,
  );
}
