/** Charts as SVG text, by Observable Plot. */
import { type PlotOptions, plot } from "@observablehq/plot";
import type { ReportContext } from "../chart-document.ts";
import { escapeHtml } from "../page/elements.ts";

/** Of a phone's page: larger pages show several charts side by side. */
export const chartWidth = 340;
const chartHeight = 230;
const fontSize = 12;

/** A chart; its sizes are those of a phone's page unless others are given. */
export type ChartOptions = Omit<PlotOptions, "document" | "style" | "title" | "subtitle" | "caption">;

/**
 * Draws a chart that takes its colours from the page around it.
 *
 * @param label what it shows, for those who do not see it
 */
export function chartSvg(context: ReportContext, label: string, options: ChartOptions): string {
  // Not by the document: it leaves angle brackets in attributes as they are.
  const named = `<svg role="img" aria-label="${escapeHtml(label)}"`;
  return plotSvg(context, options, fontSize).replace(/^<svg/, () => named);
}

/**
 * A chart as a part of a picture that has a name.
 *
 * @param fontSize in pixels
 */
export function plotSvg({ document }: ReportContext, options: ChartOptions, fontSize: number): string {
  const svg = plot({
    width: chartWidth,
    height: chartHeight,
    marginLeft: 48,
    marginRight: 14,
    marginTop: 22,
    marginBottom: 36,
    ...options,
    document,
  });
  svg.setAttribute("font-size", String(fontSize));
  // The page's own style says it, and its policy allows no other.
  for (const style of [...svg.querySelectorAll("style")]) style.remove();
  svg.removeAttribute("class");
  // A picture has one name; those of its parts would not be read.
  for (const part of [...svg.querySelectorAll("[aria-label]")]) part.removeAttribute("aria-label");
  return withShortNumbers(svg.outerHTML);
}

/** Hundredths of a pixel are enough in attributes; what is text between tags stays as it is. */
function withShortNumbers(svg: string): string {
  return svg.replaceAll(/="[^"<>]*"/g, (attribute) =>
    attribute.replaceAll(/-?\d+\.\d{3,}(e-?\d+)?/g, (number) => String(Number(Number(number).toFixed(2)))),
  );
}

/**
 * The ends of an axis from 0 that holds values, with some room.
 *
 * @param room as a part of the largest
 */
export function domainFromZero(values: readonly number[], room: number): [low: number, high: number] {
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  return [low, low === 0 && high === 0 ? 1 : (1 + room) * high];
}

/**
 * The ends of an axis around values, with some room; around a value where there is one, and 0 to 1 where there is none.
 *
 * @param values what lies on the axis
 */
export function domainOf(values: readonly number[]): [low: number, high: number] {
  const [low, high] = values.reduce(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  if (values.length === 0) return [0, 1];
  const room = low === high ? Math.abs(low) * 0.1 || 1 : 0.05 * (high - low);
  return [low - room, high + room];
}
