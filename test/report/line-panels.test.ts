import { expect, test } from "vitest";
import { type LinePanel, linePanels } from "../../src/report/line-panels.ts";

const panel = (changes: Partial<LinePanel> = {}): LinePanel => ({
  title: "WaNet",
  x: "step",
  y: "yaw",
  lines: [
    {
      color: "#b00",
      points: [
        [0, 0],
        [50, 0.5],
        [100, 0.3],
      ],
    },
  ],
  levels: [{ color: "#00b", value: 1 }],
  ...changes,
});

const frameOf = (svg: string): [number, number, number, number] =>
  /<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"/.exec(svg)!.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
  ];

test("lines and levels share the axes, whose ends are written beside them", () => {
  const svg = linePanels("targets", [panel()], 4);
  const [left, top, width, height] = frameOf(svg);
  const place = (x: number, y: number): string =>
    `${(left + (x / 100) * width).toFixed(1)},${(top + height - y * height).toFixed(1)}`;
  expect(/points="([^"]+)"/.exec(svg)![1]).toBe([place(0, 0), place(50, 0.5), place(100, 0.3)].join(" "));
  // The level of 1 is the highest value of all.
  expect(/<line x1="(\d+)" y1="([\d.]+)" x2="(\d+)" y2="([\d.]+)"/.exec(svg)!.slice(1).map(Number)).toEqual([
    left,
    top,
    left + width,
    top,
  ]);
  for (const end of ["0", "100", "1"]) expect(svg).toContain(`>${end}</text>`);
  expect(svg).toMatch(/^<svg [^>]*role="img"><title>targets<\/title>/);
});

test("panels stand in rows of so many columns", () => {
  const one = /width="(\d+)" height="(\d+)"/
    .exec(linePanels("one", [panel()], 2))!
    .slice(1)
    .map(Number);
  const five = linePanels("five", [panel(), panel(), panel(), panel(), panel()], 2);
  expect(five).toContain(`width="${2 * one[0]!}" height="${3 * one[1]!}"`);
});

test("a panel without lines, or of one value, is drawn in finite numbers", () => {
  for (const changes of [
    { lines: [{ color: "#b00", points: [] }] },
    { lines: [{ color: "#b00", points: [[3, 1]] as const }] },
    { lines: [], levels: [] },
  ]) {
    expect(linePanels("x", [panel(changes)], 1)).not.toMatch(/NaN|Infinity/);
  }
});
