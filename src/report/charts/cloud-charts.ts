/** Clouds of points without and with the reversed trigger: outputs, or angles of features. */
import { ruleX, tickX } from "@observablehq/plot";
import type { ReportContext } from "../chart-document.ts";
import { figure, type KeyEntry, type MarkKind } from "../page/elements.ts";
import { colorOf } from "../page/palette.ts";
import { chartSvg, domainOf } from "./chart.ts";
import { marksOf } from "./marks.ts";

/** Rows of numbers by what they stand for; all have as many columns. */
export interface Cloud {
  /** Of the columns, with units. */
  readonly names: readonly string[];
  /** In the order in which they are drawn. */
  readonly groups: readonly {
    readonly kind: MarkKind;
    /** For the key. */
    readonly text: string;
    readonly rows: readonly (readonly number[])[];
  }[];
}

/** Beyond this many columns pairs are too many to look at. */
const mostPaired = 3;

/**
 * Draws a cloud: pairs of columns for two or three of them, otherwise each column on a line of its own.
 *
 * @param label what it shows, before the names of the axes
 * @param caption what is to be seen in it
 */
export function cloudFigures(context: ReportContext, cloud: Cloud, label: string, caption: string): string[] {
  const { names } = cloud;
  // A result may come from a file: rows that are too short have no place.
  const groups = cloud.groups
    .map((group) => ({ ...group, rows: group.rows.filter((row) => row.length >= names.length) }))
    .filter(({ rows }) => rows.length > 0);
  const key = groups.map(({ kind, text }): KeyEntry => ({ kind, text }));
  if (names.length === 0) return [];
  if (names.length < 2 || names.length > mostPaired) {
    const lines = key.map((entry, i) => ({
      ...entry,
      text: `${entry.text}, line ${i + 1} of ${key.length}`,
      character: "❘",
    }));
    return [figure(strips(context, { names, groups }, label), caption, lines)];
  }
  const pairs = names.flatMap((_, i) => names.slice(i + 1).map((__, j) => [i, i + 1 + j] as const));
  return pairs.map(([i, j], n) => {
    const column = (k: number): number[] => groups.flatMap(({ rows }) => rows.map((row) => row[k]!));
    const svg = chartSvg(context, `${label}: ${names[j]} against ${names[i]}`, {
      height: 270,
      x: { label: names[i]!, domain: domainOf(column(i)), labelArrow: "none" },
      y: { label: names[j]!, domain: domainOf(column(j)), labelArrow: "none" },
      marks: groups.map(({ kind, rows }) =>
        marksOf(
          kind,
          rows.map((row) => ({ x: row[i]!, y: row[j]! })),
        ),
      ),
    });
    return n === 0
      ? figure(svg, caption, key)
      : figure(svg, `The same, ${names[j]} against ${names[i]}.`, key);
  });
}

/** A line for each column, in units that all share: standard deviations from the mean of the first group. */
function strips(context: ReportContext, { names, groups }: Cloud, label: string): string {
  const isOne = names.length === 1;
  const scales = names.map((_, j) => {
    const values = (groups[0]?.rows ?? []).map((row) => row[j]!);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    return isOne ? { mean: 0, deviation: 1 } : { mean, deviation: deviation || 1 };
  });
  // Names may be alike.
  const lines = names.map((name, j) => (names.indexOf(name) === j ? name : `${name} (${j})`));
  const places = groups.map(({ kind, rows }, g) => ({
    kind,
    g,
    ticks: rows.flatMap((row) =>
      names.map((_, j) => ({ x: (row[j]! - scales[j]!.mean) / scales[j]!.deviation, y: lines[j]! })),
    ),
  }));
  const height = 40;
  return chartSvg(context, `${label}: ${names.join(", ")}`, {
    height: 44 + height * names.length,
    marginTop: 6,
    marginLeft: isOne ? 14 : 100,
    x: {
      label: isOne ? names[0]! : "standard deviations from the mean clean value",
      domain: domainOf(places.flatMap(({ ticks }) => ticks.map(({ x }) => x))),
      labelArrow: "none",
    },
    y: { domain: lines, label: null, axis: isOne ? null : "left" },
    marks: [
      ...(isOne ? [] : [ruleX([0], { stroke: colorOf("line") })]),
      // Groups lie below one another, so that colour is not all that tells them apart.
      ...places.map(({ kind, g, ticks }) =>
        tickX(ticks, {
          x: "x",
          y: "y",
          stroke: colorOf(stripColors[kind]),
          insetTop: 3 + ((height - 10) * g) / places.length,
          insetBottom: 3 + ((height - 10) * (places.length - 1 - g)) / places.length,
          className: `marks-${kind}`,
        }),
      ),
    ],
  });
}

const stripColors = {
  clean: "clean",
  reversed: "reversed",
  after: "control",
  target: "text",
  control: "control",
  home: "home",
  map: "dim",
  restart: "reversed",
} as const;
