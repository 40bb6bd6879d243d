/** A curve as SVG. */

const width = 260;
const height = 120;
const margin = { left: 56, right: 8, top: 8, bottom: 20 };

/**
 * Draws values over steps, with the ends of both axes written beside them.
 *
 * @param points step and value
 */
export function termChart(points: readonly (readonly [step: number, value: number])[]): string {
  const values = points.map(([, value]) => value);
  const steps = points.map(([step]) => step);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const [first, last] = [steps[0]!, steps.at(-1)!];
  const x = (step: number): number =>
    margin.left + ((width - margin.left - margin.right) * (step - first)) / (last - first || 1);
  const y = (value: number): number =>
    height - margin.bottom - ((height - margin.top - margin.bottom) * (value - low)) / (high - low || 1);
  const line = points.map(([step, value]) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const text = (tx: number, ty: number, anchor: string, content: string): string =>
    `<text x="${tx}" y="${ty}" text-anchor="${anchor}" font-size="10" fill="currentColor">${content}</text>`;
  const short = (value: number): string => Number(value.toPrecision(3)).toString();
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">` +
    `<polyline fill="none" stroke="currentColor" stroke-width="1.5" points="${line}"/>` +
    text(margin.left - 4, margin.top + 8, "end", short(high)) +
    text(margin.left - 4, height - margin.bottom, "end", short(low)) +
    text(margin.left, height - 4, "start", String(first)) +
    text(width - margin.right, height - 4, "end", String(last)) +
    "</svg>"
  );
}
