/** Curves of what a search measures, while it goes on. */
import { numberText } from "../../src/report/number-text.ts";
import { make } from "./elements.ts";

/** Curves by name. */
export interface Curves {
  add(values: Readonly<Record<string, number>>): void;
  clear(): void;
  /** Draws what was not drawn yet. */
  finish(): void;
}

const size = { width: 240, height: 72, pad: 3 };
/** Points of a curve; when there are more, every second one is left out. */
const mostPoints = 240;
/** Milliseconds between two drawings. */
const drawInterval = 400;
const svgNamespace = "http://www.w3.org/2000/svg";

interface Curve {
  points: number[];
  /** Values that make one point. */
  every: number;
  waiting: number;
  last: number;
  readonly figure: HTMLElement;
  readonly line: SVGPolylineElement;
  readonly picture: SVGSVGElement;
  readonly caption: HTMLElement;
}

/** Curves inside of an element. */
export function createCurves(container: HTMLElement): Curves {
  const curves = new Map<string, Curve>();
  let lastDrawn = 0;
  const drawAll = (): void => {
    lastDrawn = Date.now();
    for (const [name, curve] of curves) draw(name, curve);
  };
  return {
    add(values) {
      for (const [name, value] of Object.entries(values)) {
        let curve = curves.get(name);
        if (curve === undefined) {
          curve = newCurve();
          curves.set(name, curve);
          container.append(curve.figure);
        }
        addPoint(curve, value);
      }
      if (Date.now() - lastDrawn >= drawInterval) drawAll();
    },
    clear() {
      curves.clear();
      container.replaceChildren();
    },
    finish: drawAll,
  };
}

function newCurve(): Curve {
  const picture = document.createElementNS(svgNamespace, "svg");
  picture.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
  picture.setAttribute("role", "img");
  const line = document.createElementNS(svgNamespace, "polyline");
  picture.append(line);
  const caption = make("figcaption");
  const figure = make("figure", { class: "curve" });
  figure.append(picture, caption);
  return { points: [], every: 1, waiting: 0, last: 0, figure, line, picture, caption };
}

function addPoint(curve: Curve, value: number): void {
  curve.last = value;
  curve.waiting++;
  if (curve.waiting < curve.every) return;
  curve.waiting = 0;
  curve.points.push(value);
  if (curve.points.length < mostPoints) return;
  curve.points = curve.points.filter((_, i) => i % 2 === 0);
  curve.every *= 2;
}

function draw(name: string, { points, last, line, picture, caption }: Curve): void {
  const [low, high] = [Math.min(...points), Math.max(...points)];
  const { width, height, pad } = size;
  const x = (i: number): number => pad + ((width - 2 * pad) * i) / Math.max(1, points.length - 1);
  const y = (value: number): number =>
    height - pad - ((height - 2 * pad) * (value - low)) / (high - low || 1);
  line.setAttribute(
    "points",
    points.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(" "),
  );
  const text = `${name} ${numberText(last)}`;
  caption.textContent = text;
  picture.setAttribute("aria-label", `${text}; from ${numberText(low)} to ${numberText(high)} so far`);
}
