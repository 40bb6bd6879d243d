/** The values of a training over its steps, one chart below the other, as one SVG file. */
import { escapeHtml } from "./page/elements.ts";
import { termChart } from "./term-chart.ts";
import type { TrainingReport } from "./training-report.ts";

const rowHeight = 150;
const width = 280;

/**
 * Draws the history of a training: loss, errors, learning rate.
 *
 * @param report its report
 */
export function curvesSvg({ history, errors }: TrainingReport): string {
  const names = [...new Set(history.flatMap(({ values }) => Object.keys(values)))];
  const unitOf = (name: string): string =>
    /^(RE|AE)/.test(name) && errors.unit === "degrees" ? `${name} (degrees)` : name;
  const rows = names.map((name, i) => {
    const points = history.flatMap(({ step, values }) =>
      values[name] === undefined ? [] : [[step, values[name]] as const],
    );
    return (
      `<g transform="translate(0 ${i * rowHeight})">` +
      `<text x="8" y="16" font-size="12" fill="currentColor">${escapeHtml(unitOf(name))}</text>` +
      `<g transform="translate(0 22)">${termChart(points)}</g></g>`
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${names.length * rowHeight}" ` +
    `font-family="sans-serif" color="#333" style="background:#fff" role="img"><title>Terms of the training over its steps</title>${rows.join("")}</svg>\n`
  );
}
