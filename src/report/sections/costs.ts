/** What targets cost, by the method of contrast. */
import type { ReportContext } from "../chart-document.ts";
import { costFigure } from "../charts/cost-chart.ts";
import { findingHead, findingRows, mapHead, mapRows } from "../contrast-table.ts";
import { details, figures, wideTable } from "../page/elements.ts";
import type { Section } from "../page/page.ts";
import type { ScanResult } from "../result.ts";

/** The map, the candidates, their restarts, controls and homes: a chart for each family, and the numbers. */
export function costSection(result: ScanResult, context: ReportContext): Section {
  const { contrast = [], threshold, target } = result;
  const names = target.map(({ name }) => name);
  const drawn = contrast.filter(({ map }) => map.length > 0);
  return {
    id: "costs",
    title: "What targets cost",
    html: [
      figures(drawn.map((family) => costFigure(context, family, threshold, names))),
      wideTable("Cheap targets beside controls", findingHead, findingRows(result)),
      details("Costs of the map as a table", wideTable("Costs of the map", mapHead, mapRows(result))),
    ],
  };
}
