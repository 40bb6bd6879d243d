/** Plots of lines side by side, as SVG. */
import { escapeHtml } from "./page/elements.ts";

/** One plot. */
export interface LinePanel {
  readonly title: string;
  /** What the axes are, with units. */
  readonly x: string;
  readonly y: string;
  /** Drawn in their order. */
  readonly lines: readonly {
    readonly color: string;
    readonly points: readonly (readonly [x: number, y: number])[];
  }[];
  /** Values of y that a line goes through from end to end. */
  readonly levels: readonly { readonly color: string; readonly value: number }[];
}

const size = { width: 240, height: 170 };
const margin = { left: 52, right: 10, top: 26, bottom: 36 };

/**
 * Draws plots in rows. Each has axes of its own, with the ends written beside them.
 *
 * @param title what the picture shows, for those who do not see it
 * @param columns plots in a row
 */
export function linePanels(title: string, panels: readonly LinePanel[], columns: number): string {
  const width = Math.min(columns, panels.length) * size.width;
  const height = Math.ceil(panels.length / columns) * size.height;
  const drawn = panels.map((panel, i) => {
    const [x, y] = [(i % columns) * size.width, Math.floor(i / columns) * size.height];
    return `<g transform="translate(${x} ${y})">${draw(panel)}</g>`;
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    'font-family="sans-serif" font-size="10" fill="#333" style="background:#fff" role="img">' +
    `<title>${escapeHtml(title)}</title>${drawn.join("")}</svg>\n`
  );
}

function draw({ title, x, y, lines, levels }: LinePanel): string {
  const points = lines.flatMap((line) => line.points);
  const [left, right] = rangeOf(points.map(([value]) => value));
  const [low, high] = rangeOf([...points.map(([, value]) => value), ...levels.map(({ value }) => value)]);
  const inner = {
    width: size.width - margin.left - margin.right,
    height: size.height - margin.top - margin.bottom,
  };
  const toX = (value: number): string =>
    (margin.left + (inner.width * (value - left)) / (right - left)).toFixed(1);
  const toY = (value: number): string =>
    (margin.top + inner.height - (inner.height * (value - low)) / (high - low)).toFixed(1);
  const bottom = size.height - margin.bottom;
  const end = size.width - margin.right;
  const text = (tx: number, ty: number, anchor: string, content: string, more = ""): string =>
    `<text x="${tx}" y="${ty}" text-anchor="${anchor}"${more}>${escapeHtml(content)}</text>`;
  const short = (value: number): string => Number(value.toPrecision(3)).toString();
  return [
    text(margin.left, 16, "start", title, ' font-weight="bold"'),
    `<rect x="${margin.left}" y="${margin.top}" width="${inner.width}" height="${inner.height}" fill="none" stroke="#ccc"/>`,
    ...levels.map(
      ({ color, value }) =>
        `<line x1="${margin.left}" y1="${toY(value)}" x2="${end}" y2="${toY(value)}" stroke="${color}" stroke-width="1.5"/>`,
    ),
    ...lines.map(
      (line) =>
        `<polyline fill="none" stroke="${line.color}" stroke-width="1.5" points="${line.points
          .map(([px, py]) => `${toX(px)},${toY(py)}`)
          .join(" ")}"/>`,
    ),
    text(margin.left, bottom + 12, "start", short(left)),
    text(end, bottom + 12, "end", short(right)),
    text(margin.left + inner.width / 2, bottom + 26, "middle", x),
    text(margin.left - 4, margin.top + 8, "end", short(high)),
    text(margin.left - 4, bottom, "end", short(low)),
    `<g transform="translate(10 ${margin.top + inner.height / 2}) rotate(-90)">${text(0, 0, "middle", y)}</g>`,
  ].join("");
}

function rangeOf(values: readonly number[]): [number, number] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  // Also where there is nothing: infinities have no picture.
  if (values.length === 0) return [0, 1];
  return least === most ? [least - 1, most + 1] : [least, most];
}
