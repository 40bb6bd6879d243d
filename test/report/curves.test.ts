import { expect, test } from "vitest";
import { curvesSvg } from "../../src/report/curves.ts";
import { trainingReportOf } from "../support/training-report.ts";

const count = (svg: string, part: RegExp): number => [...svg.matchAll(part)].length;

test("each value has a chart of its own, with its unit and the points that it has", () => {
  const svg = curvesSvg(trainingReportOf());
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="280" height="600"/);
  for (const title of ["loss", "rate", "RE (degrees)", "AE (degrees)"])
    expect(svg).toContain(`>${title}</text>`);
  const points = [...svg.matchAll(/points="([^"]*)"/g)].map(([, list]) => list!.split(" ").length);
  expect(points).toEqual([3, 3, 2, 2]);
  expect(count(svg, /<svg/g)).toBe(5);
  expect(count(svg, /<\/svg>/g)).toBe(5);
});

test("errors without a unit have none", () => {
  expect(curvesSvg(trainingReportOf({ errors: { kind: "l1", unit: "as given" } }))).toContain(">RE</text>");
});

test("names are escaped", () => {
  const svg = curvesSvg(trainingReportOf({ history: [{ step: 0, values: { '<script>"&': 1 } }] }));
  expect(svg).toContain("&lt;script&gt;&quot;&amp;");
  expect(svg).not.toContain("<script>");
});
