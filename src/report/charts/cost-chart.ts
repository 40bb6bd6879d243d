/** What targets cost by one family of triggers, against their distance. */
import { ruleY, text } from "@observablehq/plot";
import type { ReportContext } from "../chart-document.ts";
import { numberText } from "../number-text.ts";
import { figure, type KeyEntry, type MarkKind, paragraph } from "../page/elements.ts";
import { colorOf } from "../page/palette.ts";
import type { ScanResult } from "../result.ts";
import { chartSvg, domainFromZero } from "./chart.ts";
import { marksOf, type Place } from "./marks.ts";

/** What one family found. */
export type ContrastPart = NonNullable<ScanResult["contrast"]>[number];
type Finding = ContrastPart["findings"][number];
type TargetCost = ContrastPart["map"][number];

const words: Readonly<Partial<Record<MarkKind, string>>> = {
  map: "map: targets all over the outputs' range",
  control: "controls: as far away as the candidate, or around the mean for one at it",
  home: "homes: what any model falls back to",
  restart: "the candidate, each search for it",
  target: "the candidate, at its lowest cost",
};

/**
 * Draws the targets of a family: the map, and each candidate with its restarts, controls and homes.
 *
 * @param threshold of the score
 * @param names of the outputs
 */
export function costFigure(
  context: ReportContext,
  { family, sizeUnit, map, findings }: ContrastPart,
  threshold: number,
  names: readonly string[],
): string {
  const groups: [MarkKind, TargetCost[]][] = [
    ["map", map],
    ["control", findings.flatMap(({ controls }) => controls)],
    ["home", findings.flatMap(({ homes = [] }) => homes)],
    ["restart", findings.flatMap((finding) => finding.restarts.map((cost) => ({ ...finding, cost })))],
    ["target", findings],
  ];
  const costs = groups.flatMap(([, all]) => all.flatMap(({ cost }) => (cost === null ? [] : [cost])));
  if (costs.length === 0) {
    return paragraph(`No ${family} trigger drew all outputs to any of the ${map.length} targets of the map.`);
  }
  const top = Math.max(...costs);
  const isMissing = groups.some(([, all]) => all.some(({ cost }) => cost === null));
  // A line of their own for those that have no cost.
  const missing = 1.15 * top || 1;
  const placeOf = ({ target, distance, cost }: TargetCost): Place => ({
    x: distance,
    y: cost ?? missing,
    title: `${namedValues(target, names)}: ${cost === null ? "not reached" : numberText(cost)}`,
  });
  const ranked = [...findings].sort((a, b) => a.score - b.score);
  const [bar] = ranked.slice(0, 1).flatMap((finding) => barOf(finding, threshold));
  const svg = chartSvg(context, `Costs of targets by ${family} triggers against their distance`, {
    height: 270,
    marginLeft: 52,
    x: { label: "distance from the mean output (standard deviations)", labelArrow: "none", zero: true },
    y: {
      label: "cost",
      labelArrow: "none",
      domain: domainFromZero(isMissing ? [...costs, missing] : costs, 0.08),
    },
    marks: [
      ruleY([0], { stroke: colorOf("line") }),
      ...(isMissing
        ? [
            ruleY([missing], { stroke: colorOf("line") }),
            text([missing], {
              y: (cost: number) => cost,
              text: ["not reached"],
              frameAnchor: "right",
              dy: -10,
              fill: colorOf("dim"),
            }),
          ]
        : []),
      ...(bar === undefined ? [] : [ruleY([bar], { strokeDasharray: "5 3" })]),
      ...groups.map(([kind, all]) => marksOf(kind, all.map(placeOf))),
    ],
  });
  const key = groups.flatMap(([kind, all]): KeyEntry[] =>
    all.length === 0 ? [] : [{ kind, text: words[kind]! }],
  );
  return figure(svg, captionOf({ family, sizeUnit, findings: ranked }, bar), key);
}

/** The cost at which a finding's score would be the threshold: a score is in proportion to the cost. */
function barOf({ cost, score }: Finding, threshold: number): number[] {
  return cost === null || !(score > 0) ? [] : [(threshold * cost) / score];
}

function captionOf(
  { family, sizeUnit, findings }: Pick<ContrastPart, "family" | "sizeUnit" | "findings">,
  bar: number | undefined,
): string {
  const axis = `Each mark is a target. The higher it lies, the larger the smallest ${family} trigger that draws all outputs to it (${sizeUnit}); the farther right, the farther it is from the mean clean output.`;
  const [first] = findings;
  if (first === undefined) return `${axis} None lies so far below the others that it was looked at closely.`;
  const line = bar === undefined ? "" : " At the dashed line the score would be the threshold.";
  const cost = first.cost === null ? "was not reached" : `costs ${numberText(first.cost)}`;
  return `${axis} A backdoor is a candidate far below its controls and homes. Here ${findings.length === 1 ? "the candidate" : "the most suspicious candidate"} ${cost}; ${controlText(first)}.${line}`;
}

/** What the controls cost, in words. */
function controlText({ controls }: Finding): string {
  const reached = controls.flatMap(({ cost }) => (cost === null ? [] : [cost]));
  if (reached.length === 0) return "none of its controls was reached";
  const [least, most] = [Math.min(...reached), Math.max(...reached)].map(numberText);
  const range = least === most ? least : `${least} to ${most}`;
  const missing = controls.length - reached.length;
  return missing === 0
    ? `its controls cost ${range}`
    : `of its ${controls.length} controls ${reached.length} were reached, for ${range}`;
}

/** A target with the names of its outputs. */
export function namedValues(values: readonly number[], names: readonly string[]): string {
  return values.map((value, j) => `${names[j] ?? `output ${j}`} ${numberText(value)}`).join(", ");
}
