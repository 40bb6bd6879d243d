import fc from "fast-check";
import { expect, test } from "vitest";
import { chartDocument } from "../../src/jobs/chart-document.ts";
import { resultHtml as drawn, escapeHtml } from "../../src/report/html.ts";
import type { ScanResult } from "../../src/report/result.ts";
import { termChart } from "../../src/report/term-chart.ts";
import { contrastResultOf, resultOf, withTexts } from "../support/result.ts";

const document = await chartDocument();
const resultHtml = (result: ScanResult): string => drawn(result, { document });

test("what is escaped holds no character of HTML, and reads the same", () => {
  const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("&", "<", ">", '"', "'", "a", ";", "amp", "#") }),
      (text) => {
        const escaped = escapeHtml(text);
        expect(escaped).not.toMatch(/[<>"']/);
        expect(escaped.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name]!)).toBe(text);
      },
    ),
  );
});

test("no text of a result becomes a tag or an attribute", () => {
  const evil = `"><img src=x onerror=alert(1)>'<script>`;
  const html = resultHtml(withTexts(resultOf(), () => evil, ["verdict"]));
  expect(html).not.toMatch(/<img src=x|<script/);
  expect(html).toContain("&lt;img src=x onerror=alert(1)&gt;");
  // Names of terms and options are texts of a result too.
  const named = resultHtml(resultOf({ terms: [{ step: 0, values: { [evil]: 1 } }], options: { [evil]: 1 } }));
  expect(named).not.toMatch(/<img src=x|<script/);
  const contrast = resultHtml(withTexts(contrastResultOf(), () => evil, ["verdict"]));
  expect(contrast).not.toMatch(/<img src=x|<script/);
});

test("only pictures are shown as pictures", () => {
  const [evidence] = resultOf().evidence;
  expect(resultHtml(resultOf()).match(/<img /g)).toHaveLength(3);
  for (const clean of ["https://example.com/x.png", "data:text/html;base64,AAAA", "javascript:alert(1)"]) {
    const html = resultHtml(resultOf({ evidence: [{ ...evidence!, clean }] }));
    expect(html).not.toContain(`src="${clean}`);
    expect(html.match(/<img /g)).toHaveLength(2);
  }
});

test("a page loads nothing and carries its result", () => {
  const result = resultOf({ reasons: ["é, 日本, 😀"] });
  const html = resultHtml(result);
  expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`);
  // A namespace is a name, not an address that is loaded.
  expect(html.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:\/\//);
  const carried = /href="data:application\/json;base64,([^"]+)"/.exec(html)![1]!;
  expect(JSON.parse(Buffer.from(carried, "base64").toString("utf8"))).toEqual(result);
});

test("a contrast has a table of cheap targets and one of the map", () => {
  const cells = (html: string): string[] =>
    [...html.matchAll(/<td class="number">([^<]*)</g)].map((m) => m[1]!);
  const html = resultHtml(contrastResultOf());
  for (const text of ["0.02 to 0.028, 1 not reached", "0.11 to 0.15", "0.9, 0.2", "not reached"]) {
    expect(cells(html)).toContain(text);
  }
  expect(html).not.toMatch(/preset|NaN|undefined/);
  expect(resultHtml(resultOf())).not.toContain("What targets cost");
  expect(resultHtml(contrastResultOf({ contrast: [] }))).toContain("<p>None.</p>");
});

test("a result without steps, warnings and images has a page too", () => {
  const html = resultHtml(resultOf({ terms: [], warnings: [], evidence: [] }));
  expect(html).toContain("No step was done.");
  expect(html).not.toContain("Warnings");
  expect(html).not.toMatch(/NaN|undefined/);
});

const pointsOf = (svg: string): number[][] =>
  /points="([^"]*)"/
    .exec(svg)![1]!
    .split(" ")
    .map((point) => point.split(",").map(Number));

test("a curve goes from the left to the right, and its highest value to the top", () => {
  const svg = termChart([
    [0, 1],
    [50, 3],
    [100, 2],
  ]);
  const [first, second, third] = pointsOf(svg) as [number[], number[], number[]];
  expect(second[0]).toBeCloseTo((first[0]! + third[0]!) / 2, 5);
  expect(first[0]).toBeLessThan(third[0]!);
  // Down is up in SVG.
  expect(second[1]).toBeLessThan(third[1]!);
  expect(third[1]).toBeCloseTo((first[1]! + second[1]!) / 2, 5);
  for (const end of [">0<", ">100<", ">1<", ">3<"]) expect(svg).toContain(end);
});

test.each([
  ["one point", [[7, 2.5]]],
  [
    "equal values",
    [
      [0, 2],
      [1, 2],
    ],
  ],
])("a curve of %s is drawn", (_, points) => {
  const found = pointsOf(termChart(points as [number, number][]));
  expect(found).toHaveLength(points.length);
  expect(found.flat().every(Number.isFinite)).toBe(true);
});
