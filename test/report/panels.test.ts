import { expect, test } from "vitest";
import { chartDocument } from "../../src/jobs/chart-document.ts";
import { type Panel, panelsSvg } from "../../src/report/panels.ts";
import { trainingCurves } from "../../src/report/training-curves.ts";
import { all, type PageElement, parsePage, placeOf } from "../support/pages.ts";
import { trainingReportOf } from "../support/training-report.ts";

const context = { document: await chartDocument() };
const draw = (panels: readonly Panel[], columns = 2): string => panelsSvg(context, "angles", panels, columns);
const panel = (changes: Partial<Panel> = {}): Panel => ({
  title: "gaze, WaNet",
  x: "angle to w1",
  y: "angle to w2",
  clouds: [
    {
      color: "clean",
      points: [
        [80, 90],
        [100, 95],
        [90, 110],
      ],
    },
    { color: "reversed", points: [[91, 92]] },
  ],
  ...changes,
});
/** The picture, without what a page would put around it. */
const parsed = (svg: string): PageElement => parsePage(`<html><body>${svg}</body></html>`);
/** The points of a path of straight lines. */
const pathPoints = (path: PageElement): number[][] =>
  path
    .getAttribute("d")!
    .slice(1)
    .split("L")
    .map((point) => point.split(",").map(Number));

test("points lie where they belong: small x at the left, small y at the bottom, on one scale", () => {
  const points = [...panel().clouds![0]!.points, ...panel().clouds![1]!.points];
  const places = all(parsed(draw([panel()])), ".cloud circle").map(placeOf);
  expect(places).toHaveLength(points.length);
  const rate = (axis: 0 | 1): number =>
    (places[1]![axis] - places[0]![axis]) / (points[1]![axis] - points[0]![axis]);
  expect(rate(0)).toBeGreaterThan(0);
  expect(rate(1)).toBeLessThan(0);
  points.forEach((point, i) => {
    for (const axis of [0, 1] as const) {
      expect(places[i]![axis] - places[0]![axis]).toBeCloseTo(
        rate(axis) * (point[axis] - points[0]![axis]),
        1,
      );
    }
  });
});

test("lines and levels share the axes", () => {
  const lines = [
    {
      color: "reversed" as const,
      points: [
        [0, 0],
        [50, 0.5],
        [100, 0.25],
      ] as const,
    },
  ];
  const picture = parsed(draw([panel({ clouds: [], lines, levels: [{ color: "clean", value: 1 }] })]));
  const [first, second, third] = pathPoints(all(picture, ".line path")[0]!);
  const level = Number(all(picture, ".level line")[0]!.getAttribute("y1"));
  expect(second![0]).toBeCloseTo((first![0]! + third![0]!) / 2, 1);
  // 0.5 lies halfway from 0 to the level of 1.
  expect(second![1]).toBeCloseTo((first![1]! + level) / 2, 1);
  expect(third![1]).toBeCloseTo((first![1]! + second![1]!) / 2, 1);
});

test("panels stand in rows of so many columns, each with its title and its axes", () => {
  const one = parsed(draw([panel()], 4)).querySelector("svg")!;
  const [width, height] = ["width", "height"].map((name) => Number(one.getAttribute(name)));
  const five = draw([1, 2, 3, 4, 5].map((i) => panel({ title: `panel ${i}` })));
  const picture = parsed(five).querySelector("svg")!;
  expect(picture.getAttribute("viewBox")).toBe(`0 0 ${2 * width!} ${3 * height!}`);
  const places = all(picture, "g")
    .filter((group) => /^panel \d/.test(group.textContent))
    .map((group) => group.getAttribute("transform"));
  expect(places).toEqual(
    [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
      [0, 2],
    ].map(([x, y]) => `translate(${x! * width!} ${y! * height!})`),
  );
  expect(five.match(/>angle to w1</g)).toHaveLength(5);
});

test("a panel of one value, of equal ones or of none is drawn in finite numbers", () => {
  for (const points of [
    [],
    [[3, 1]],
    [
      [5, 7],
      [5, 7],
    ],
    [[0, 0]],
  ] as const) {
    for (const changes of [
      { clouds: [{ color: "clean" as const, points }] },
      { clouds: [], lines: [{ color: "clean" as const, points }] },
    ]) {
      expect(draw([panel(changes)])).not.toMatch(/NaN|Infinity|undefined/);
    }
  }
});

test("a picture stands alone: it has a name, a namespace, a background, and colours that need no page", () => {
  const svg = draw([panel()]);
  expect(svg).toMatch(
    /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" [^>]*role="img"><title>angles<\/title><rect [^>]*fill="#ffffff"/,
  );
  expect(svg).not.toMatch(/var\(|currentColor|style/);
});

test("texts are escaped", () => {
  const svg = draw([panel({ title: '<b>"&', x: '"x"', y: "<y>" })]);
  expect(svg).not.toMatch(/<b>|<y>/);
  const texts = all(parsed(svg), "text").map(({ textContent }) => textContent);
  expect(texts).toEqual(expect.arrayContaining(['<b>"&', '"x"', "<y>"]));
});

test("each value of a training has a chart of its own, with its unit and the points that it has", () => {
  const picture = parsed(trainingCurves(trainingReportOf(), context));
  const titles = all(picture, "text[font-weight]").map(({ textContent }) => textContent);
  expect(titles).toEqual(["loss", "rate", "RE", "AE"]);
  expect(all(picture, ".line path").map((path) => pathPoints(path).length)).toEqual([3, 3, 2, 2]);
  expect(all(picture, "text").filter(({ textContent }) => textContent === "degrees")).toHaveLength(2);
  const plain = trainingReportOf({ errors: { kind: "l1", unit: "as given" } });
  expect(trainingCurves(plain, context)).not.toContain("degrees");
});
