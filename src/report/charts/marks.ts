/** Marks of charts: each kind has a shape and a colour, in all charts the same. */
import { type DotOptions, dot, type Markish } from "@observablehq/plot";
import type { MarkKind } from "../page/elements.ts";
import { colorOf } from "../page/palette.ts";

/** A place in a chart. */
export interface Place {
  readonly x: number;
  readonly y: number;
  /** What is said of it when it is pointed at. */
  readonly title?: string;
}

const looks: Readonly<Record<MarkKind, DotOptions>> = {
  clean: { symbol: "circle", stroke: colorOf("clean"), r: 2.5 },
  reversed: { symbol: "triangle", fill: colorOf("reversed"), r: 3 },
  after: { symbol: "diamond", stroke: colorOf("control"), r: 3 },
  target: { symbol: "plus", stroke: colorOf("text"), strokeWidth: 2, r: 8 },
  control: { symbol: "diamond", stroke: colorOf("control"), r: 4.5 },
  home: { symbol: "square", stroke: colorOf("home"), r: 4.5 },
  map: { symbol: "circle", stroke: colorOf("dim"), r: 3.5 },
  restart: { symbol: "times", stroke: colorOf("reversed"), r: 3.5 },
};

/** Marks of one kind. */
export function marksOf(kind: MarkKind, places: readonly Place[], changes: DotOptions = {}): Markish {
  const hasTitles = places.some(({ title }) => title !== undefined);
  return dot([...places], {
    x: "x",
    y: "y",
    ...(hasTitles ? { title: "title" } : {}),
    ...looks[kind],
    ...changes,
    // What is drawn, for those who look into the file.
    className: `marks-${kind}`,
  });
}
