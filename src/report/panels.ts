/** Charts side by side, as one SVG file that stands alone: lines over steps, and clouds of points. */
import { dot, frame, line, ruleY } from "@observablehq/plot";
import type { ReportContext } from "./chart-document.ts";
import { type ChartOptions, domainOf, plotSvg } from "./charts/chart.ts";
import { escapeHtml } from "./page/elements.ts";
import { type ColorName, colorOf, palette, withLightColors } from "./page/palette.ts";

/** Points of one colour. */
export interface PanelGroup {
  readonly color: ColorName;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** One chart. */
export interface Panel {
  readonly title: string;
  /** What the axes are, with units. */
  readonly x: string;
  readonly y: string;
  /** Joined in their order. */
  readonly lines?: readonly PanelGroup[];
  /** Points on their own. */
  readonly clouds?: readonly PanelGroup[];
  /** Values of y that a line goes through from end to end. */
  readonly levels?: readonly { readonly color: ColorName; readonly value: number }[];
}

const size = { width: 240, height: 200 };
const titleBaseline = 14;
const fontSize = 10;

/**
 * Draws charts in rows. Each has axes of its own.
 *
 * @param title what the picture shows, for those who do not see it
 * @param columns charts in a row
 */
export function panelsSvg(
  context: ReportContext,
  title: string,
  panels: readonly Panel[],
  columns: number,
): string {
  const width = Math.min(columns, panels.length) * size.width;
  const height = Math.ceil(panels.length / columns) * size.height;
  const drawn = panels.map((panel, i) => {
    const [x, y] = [(i % columns) * size.width, Math.floor(i / columns) * size.height];
    const heading = `<text x="8" y="${titleBaseline}" font-weight="bold">${escapeHtml(panel.title)}</text>`;
    return `<g transform="translate(${x} ${y})">${heading}${draw(context, panel)}</g>`;
  });
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `font-family="system-ui, sans-serif" font-size="${fontSize}" fill="currentColor" role="img"><title>${escapeHtml(title)}</title>` +
    `<rect width="100%" height="100%" fill="${palette.background.light}"/>${drawn.join("")}</svg>\n`;
  return withLightColors(svg);
}

function draw(context: ReportContext, { x, y, lines = [], clouds = [], levels = [] }: Panel): string {
  const points = [...lines, ...clouds].flatMap((group) => group.points);
  const values = [...points.map(([, value]) => value), ...levels.map(({ value }) => value)];
  const options = {
    ...size,
    marginTop: 22,
    marginLeft: 58,
    x: {
      label: x,
      labelAnchor: "center",
      labelArrow: "none",
      ticks: 4,
      domain: domainOf(points.map(([value]) => value)),
    },
    y: { label: y, labelAnchor: "center", labelArrow: "none", ticks: 4, domain: domainOf(values) },
    marks: [
      frame({ stroke: colorOf("line") }),
      ...levels.map(({ color, value }) =>
        ruleY([value], { stroke: colorOf(color), strokeWidth: 1.5, className: "level" }),
      ),
      ...lines.map(({ color, points }) =>
        line([...points], { stroke: colorOf(color), strokeWidth: 1.5, className: "line" }),
      ),
      ...clouds.map(({ color, points }) =>
        dot([...points], { fill: colorOf(color), fillOpacity: 0.6, r: 1.6, className: "cloud" }),
      ),
    ],
  } satisfies ChartOptions;
  return plotSvg(context, options, fontSize);
}
