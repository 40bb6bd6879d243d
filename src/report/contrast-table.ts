/** The rows of a contrast: cheap targets beside controls, and the map that they come from. */

import { numberText } from "./number-text.ts";
import type { ScanResult } from "./result.ts";

/** What stands above {@link findingRows}. */
export const findingHead: readonly string[] = [
  "family",
  "cheap target",
  "distance",
  "within",
  "cost",
  "controls",
  "others",
  "climb",
  "score",
  "interval",
];

/** What stands above {@link mapRows}. */
export const mapHead: readonly string[] = ["family", "target", "distance", "cost", "in"];

const costText = (cost: number | null): string => (cost === null ? "not reached" : numberText(cost));
const targetText = (target: readonly number[]): string => target.map(numberText).join(", ");

/** A row for each cheap target of each family. */
export function findingRows({ contrast = [] }: Pick<ScanResult, "contrast">): string[][] {
  return contrast.flatMap(({ family, findings }) =>
    findings.map(
      ({ target, distance, tolerance, cost, controls, generality = null, climb = 1, score, low, high }) => [
        family,
        targetText(target),
        numberText(distance),
        tolerance === undefined ? "" : numberText(tolerance),
        costText(cost),
        rangeText(controls.map((control) => control.cost)),
        generality === null ? "" : numberText(generality),
        climb === null ? "not measured" : numberText(climb),
        numberText(score),
        `${numberText(low)} to ${numberText(high)}`,
      ],
    ),
  );
}

/** The least and the most of the costs that there are, and how many there are not. */
function rangeText(costs: readonly (number | null)[]): string {
  const reached = costs.filter((cost) => cost !== null);
  const missing = costs.length - reached.length;
  const range =
    reached.length === 0
      ? []
      : [`${numberText(Math.min(...reached))} to ${numberText(Math.max(...reached))}`];
  return [...range, ...(missing === 0 ? [] : [`${missing} not reached`])].join(", ");
}

/** A row for each target of each family's map. */
export function mapRows({ contrast = [] }: Pick<ScanResult, "contrast">): string[][] {
  return contrast.flatMap(({ family, sizeUnit, map }) =>
    map.map(({ target, distance, cost }) => [
      family,
      targetText(target),
      numberText(distance),
      costText(cost),
      sizeUnit,
    ]),
  );
}
