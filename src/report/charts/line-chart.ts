/** Values over steps. */
import { line, ruleX, ruleY, text } from "@observablehq/plot";
import type { ReportContext } from "../chart-document.ts";
import { colorOf } from "../page/palette.ts";
import { chartSvg, domainOf } from "./chart.ts";

/** A value at a step. */
export interface Sample {
  readonly step: number;
  readonly value: number;
  /** Samples of different parts are not joined by a line. */
  readonly part?: number;
}

/** Values over steps, and what they are beside. */
export interface LineChart {
  readonly label: string;
  /** What the values are, with their unit. */
  readonly y: string;
  readonly samples: readonly Sample[];
  /** Samples that are there for comparison alone. */
  readonly faint?: readonly Sample[];
  /** Values that a dashed line goes through. */
  readonly levels?: readonly number[];
  /** Steps at which a part begins; they are numbered from 1. */
  readonly starts?: readonly number[];
}

/** Draws values over steps. */
export function lineChart(
  context: ReportContext,
  { label, y, samples, faint = [], levels = [], starts = [] }: LineChart,
): string {
  const all = [...faint, ...samples];
  const lineOf = (data: readonly Sample[], stroke: string, className: string) =>
    line([...data], { x: "step", y: "value", z: "part", stroke, strokeWidth: 1.5, className });
  return chartSvg(context, label, {
    height: 180,
    marginLeft: 56,
    x: { label: "step", domain: domainOf(all.map(({ step }) => step)), labelArrow: "none" },
    y: {
      label: y,
      domain: domainOf([...all.map(({ value }) => value), ...levels]),
      labelArrow: "none",
      nice: true,
    },
    marks: [
      ruleX([...starts], { stroke: colorOf("line") }),
      ...(starts.length === 0
        ? []
        : [
            text([...starts], {
              x: (step: number) => step,
              text: (_: number, i: number) => String(i + 1),
              frameAnchor: "top",
              textAnchor: "start",
              dx: 3,
              fill: colorOf("dim"),
            }),
          ]),
      ruleY([...levels], { strokeDasharray: "5 3" }),
      lineOf(faint, colorOf("dim"), "marks-faint"),
      lineOf(samples, colorOf("clean"), "marks-line"),
    ],
  });
}
