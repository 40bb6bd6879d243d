import { expect, test } from "vitest";
import { type ScatterPanel, scatterPanels } from "../../src/report/scatter.ts";

const panel = (changes: Partial<ScatterPanel> = {}): ScatterPanel => ({
  title: "gaze, WaNet",
  x: "angle to w1",
  y: "angle to w2",
  groups: [
    {
      color: "#888",
      points: [
        [80, 90],
        [100, 95],
        [90, 110],
      ],
    },
    { color: "#b00", points: [[91, 92]] },
  ],
  ...changes,
});

const circlesOf = (svg: string): [number, number][] =>
  [...svg.matchAll(/cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)]);

test("points lie between the ends of the axes: small x at the left, small y at the bottom", () => {
  const svg = scatterPanels("angles", [panel()], 4);
  const frame = /<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"/.exec(svg)!.slice(1).map(Number);
  const [left, top, width, height] = frame as [number, number, number, number];
  const place = (x: number, y: number): [number, number] => [
    Number((left + ((x - 80) / 20) * width).toFixed(1)),
    Number((top + height - ((y - 90) / 20) * height).toFixed(1)),
  ];
  expect(circlesOf(svg)).toEqual([place(80, 90), place(100, 95), place(90, 110), place(91, 92)]);
  for (const end of ["80.0", "100.0", "90.0", "110.0"]) expect(svg).toContain(`>${end}</text>`);
  expect(svg.indexOf('fill="#b00"')).toBeGreaterThan(svg.indexOf('fill="#888"'));
});

test("panels stand in rows of so many columns", () => {
  const svg = scatterPanels("angles", [panel(), panel(), panel(), panel(), panel()], 2);
  expect(svg).toMatch(/^<svg [^>]*width="440" height="660" viewBox="0 0 440 660"/);
  const places = [...svg.matchAll(/<g transform="translate\((\d+) (\d+)\)"><text/g)].map(([, x, y]) => [
    x,
    y,
  ]);
  expect(places.map(String)).toEqual(["0,0", "220,0", "0,220", "220,220", "0,440"]);
  expect(scatterPanels("angles", [panel()], 4)).toMatch(
    /^<svg [^>]*width="220" height="220"[^>]*><title>angles<\/title>/,
  );
});

test("points that are all the same lie in the middle", () => {
  const svg = scatterPanels(
    "angles",
    [
      panel({
        groups: [
          {
            color: "red",
            points: [
              [5, 7],
              [5, 7],
            ],
          },
        ],
      }),
    ],
    1,
  );
  expect(svg).not.toContain("NaN");
  for (const end of ["4.0", "6.0", "8.0"]) expect(svg).toContain(`>${end}</text>`);
  const [first, second] = circlesOf(svg);
  expect(first).toEqual(second);
});

test("texts are escaped", () => {
  const svg = scatterPanels("angles", [panel({ title: "<b>&", x: '"x"', y: "<y>" })], 1);
  for (const text of ["&lt;b&gt;&amp;", "&quot;x&quot;", "&lt;y&gt;"]) expect(svg).toContain(text);
  expect(svg).not.toContain("<b>");
});
