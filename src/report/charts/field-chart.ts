/** A warp field as arrows. */
import { frame, vector } from "@observablehq/plot";
import type { ReportContext } from "../chart-document.ts";
import { numberText } from "../number-text.ts";
import { figure } from "../page/elements.ts";
import { colorOf } from "../page/palette.ts";
import type { ScanResult } from "../result.ts";
import { chartSvg, chartWidth } from "./chart.ts";

/** How far a warp takes its pixels from. */
export type Displacement = NonNullable<NonNullable<ScanResult["triggers"]>[number]["displacement"]>;

const size = 300;
/** The longest arrow, in places of the field. */
const longest = 1.4;

/**
 * Draws where a warp takes pixels from; nothing for a field without places.
 *
 * @param shape of an image, height and width
 */
export function fieldFigure(
  context: ReportContext,
  { side, x, y }: Displacement,
  [height, width]: readonly [number, number],
): string {
  const arrows = Array.from({ length: Math.min(side * side, x.length, y.length) }, (_, i) => ({
    column: i % side,
    row: Math.floor(i / side),
    length: Math.hypot(x[i]!, y[i]!),
    // Clockwise from up; y points down.
    angle: (Math.atan2(x[i]!, -y[i]!) * 180) / Math.PI,
  }));
  if (arrows.length === 0) return "";
  const most = Math.max(...arrows.map(({ length }) => length));
  const spacing = size / side;
  const rms = Math.sqrt(arrows.reduce((sum, { length }) => sum + length ** 2, 0) / arrows.length);
  const svg = chartSvg(context, "Where the warp takes each pixel from", {
    height: size,
    width: chartWidth,
    marginLeft: (chartWidth - size) / 2,
    marginRight: (chartWidth - size) / 2,
    marginTop: 1,
    marginBottom: 1,
    axis: null,
    x: { domain: [-0.5, side - 0.5] },
    y: { domain: [side - 0.5, -0.5] },
    length: { type: "identity" },
    marks: [
      frame({ stroke: colorOf("line") }),
      vector(arrows, {
        x: "column",
        y: "row",
        rotate: "angle",
        length: ({ length }: { length: number }) => (most === 0 ? 0 : (longest * spacing * length) / most),
        anchor: "start",
        stroke: colorOf("reversed"),
        strokeWidth: 1.5,
        className: "marks-field",
      }),
    ],
  });
  return figure(
    svg,
    `The field over an image of ${width} x ${height} pixels: each pixel is replaced by the one that its arrow points to. Arrows that change smoothly bend the image as a whole. The longest is ${numberText(most)} pixels, the root mean square of all ${numberText(rms)}.`,
  );
}
