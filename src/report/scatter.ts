/** Scatter plots side by side, as SVG. */
import { escapeHtml } from "./page/elements.ts";

/** One plot. */
export interface ScatterPanel {
  readonly title: string;
  /** What the axes are, with units. */
  readonly x: string;
  readonly y: string;
  /** Drawn in their order. */
  readonly groups: readonly {
    readonly color: string;
    readonly points: readonly (readonly [x: number, y: number])[];
  }[];
}

const side = 220;
const margin = { left: 44, right: 10, top: 26, bottom: 36 };

/**
 * Draws plots in rows. Each has axes of its own, with the ends written beside them.
 *
 * @param title what the picture shows, for those who do not see it
 * @param columns plots in a row
 */
export function scatterPanels(title: string, panels: readonly ScatterPanel[], columns: number): string {
  const rows = Math.ceil(panels.length / columns);
  const drawn = panels.map((panel, i) => {
    const [x, y] = [(i % columns) * side, Math.floor(i / columns) * side];
    return `<g transform="translate(${x} ${y})">${draw(panel)}</g>`;
  });
  const width = Math.min(columns, panels.length) * side;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${rows * side}" viewBox="0 0 ${width} ${rows * side}" ` +
    `font-family="sans-serif" font-size="10" fill="#333" style="background:#fff" role="img"><title>${escapeHtml(title)}</title>${drawn.join("")}</svg>\n`
  );
}

function draw({ title, x, y, groups }: ScatterPanel): string {
  const all = groups.flatMap(({ points }) => points);
  const [left, right] = rangeOf(all.map(([value]) => value));
  const [low, high] = rangeOf(all.map(([, value]) => value));
  const [width, height] = [side - margin.left - margin.right, side - margin.top - margin.bottom];
  const toX = (value: number): string => (margin.left + (width * (value - left)) / (right - left)).toFixed(1);
  const toY = (value: number): string =>
    (margin.top + height - (height * (value - low)) / (high - low)).toFixed(1);
  const text = (tx: number, ty: number, anchor: string, content: string, more = ""): string =>
    `<text x="${tx}" y="${ty}" text-anchor="${anchor}"${more}>${escapeHtml(content)}</text>`;
  const bottom = side - margin.bottom;
  return [
    text(margin.left, 16, "start", title, ' font-weight="bold"'),
    `<rect x="${margin.left}" y="${margin.top}" width="${width}" height="${height}" fill="none" stroke="#ccc"/>`,
    ...groups.map(
      ({ color, points }) =>
        `<g fill="${color}" fill-opacity="0.6">${points
          .map(([px, py]) => `<circle cx="${toX(px)}" cy="${toY(py)}" r="1.6"/>`)
          .join("")}</g>`,
    ),
    text(margin.left, bottom + 12, "start", left.toFixed(1)),
    text(side - margin.right, bottom + 12, "end", right.toFixed(1)),
    text(margin.left + width / 2, bottom + 26, "middle", x),
    text(margin.left - 4, margin.top + 8, "end", high.toFixed(1)),
    text(margin.left - 4, bottom, "end", low.toFixed(1)),
    `<g transform="translate(10 ${margin.top + height / 2}) rotate(-90)">${text(0, 0, "middle", y)}</g>`,
  ].join("");
}

function rangeOf(values: readonly number[]): [number, number] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? [least - 1, most + 1] : [least, most];
}
