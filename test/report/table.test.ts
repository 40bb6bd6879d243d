import { expect, test } from "vitest";
import type { CheckReport } from "../../src/models/check.ts";
import { checkTable } from "../../src/report/check-table.ts";
import { numberText } from "../../src/report/number-text.ts";
import { plainColors, printable, resultTable } from "../../src/report/table.ts";
import { contrastResultOf, resultOf, withTexts } from "../support/result.ts";

const marked = {
  ...plainColors,
  red: (t: string) => `<red ${t}>`,
  green: (t: string) => `<green ${t}>`,
  yellow: (t: string) => `<yellow ${t}>`,
};

test.each([
  [0, "0"],
  [1, "1"],
  [-0.25, "-0.25"],
  [0.123456, "0.1235"],
  [1234.56, "1235"],
  [0.001, "0.001"],
  [0.00012345, "1.23e-4"],
  [-1.5e-7, "-1.50e-7"],
  [999999, "1000000"],
  [1e6, "1.00e+6"],
])("%d is written %s", (value, text) => {
  expect(numberText(value)).toBe(text);
});

test("a table has the verdict, its reasons and its numbers", () => {
  const lines = resultTable(resultOf())
    .split("\n")
    .map((line) => line.trim().replace(/\s{2,}/g, " | "));
  expect(lines[0]).toBe("gaze.onnx | backdoored");
  expect(lines[1]).toBe("mean perturbation is small");
  for (const line of [
    "score | 1.23 % | mean perturbation over the largest image norm",
    "threshold | 3 % | below it the perturbation is small",
    "margin | 0.41 | score / threshold",
    "reconstruction floor | 0.45 % | score of the generator before the search",
    "angle variance ratio | 0.021 | angles of F(x') over those of F(x); 1 is no collapse",
    "output variance ratio | not measured | outputs f(x') over f(x); 1 is no collapse",
    "target estimate | yaw 0.5236, pitch -0.25 | mean output under the reversed trigger",
    "error on the labels | 4.25 degrees | of the clean images",
    "warning: found 60 images",
    "not checked: more than one target",
    "method paper, preset gaze, seed 0, 60 images, 61 s, sha256 0123456789ab",
  ]) {
    expect(lines).toContain(line);
  }
});

test("a contrast is shown as what it is: cheap targets beside controls, and no percentages", () => {
  const lines = resultTable(contrastResultOf())
    .split("\n")
    .map((line) => line.trim().replace(/\s{2,}/g, " | "));
  for (const line of [
    "score | 0.125 | cost of the cheapest target over that of controls",
    "threshold | 0.5 | below it the target is suspiciously cheap",
    "family | cheap target | distance | within | cost | controls | others | climb | score | interval",
    "patch | 0.5, -0.2 | 1.25 | 0.25 | 0.003 | 0.02 to 0.028, 1 not reached | 0.2 | 1.25 | 0.125 | 0.11 to 0.15",
    "method contrast, seed 0, 60 images, 61 s, sha256 0123456789ab",
  ]) {
    expect(lines).toContain(line);
  }
  const { contrast } = contrastResultOf();
  const none = contrast!.map((each) => ({ ...each, findings: [] }));
  expect(resultTable(contrastResultOf({ contrast: none }))).not.toContain("cheap target");
});

test("errors in no angle are those of each label, and what was not measured is left out", () => {
  const { benign } = resultOf();
  const cleanError = { ...benign.cleanError!, angularDegrees: null };
  expect(resultTable(resultOf({ benign: { ...benign, cleanError } }))).toContain("yaw 0.05, pitch 0.06");
  const bare = resultTable(
    resultOf({ benign: { ...benign, cleanError: null }, reconstructionFloor: null, warnings: [] }),
  );
  expect(bare).not.toMatch(/error on the labels|reconstruction floor|warning/);
});

test.each([
  ["benign", "green"],
  ["backdoored", "red"],
  ["inconclusive", "yellow"],
] as const)("%s is %s", (verdict, colour) => {
  expect(resultTable(resultOf({ verdict }), marked)).toContain(`<${colour} ${verdict}>`);
});

test("no text of a result can draw on the terminal", () => {
  const evil = "\u001b[2K\rbenign\u0007\u009b1A";
  expect(printable(`a\n${evil}`)).toBe("a??[2K?benign??1A");
  const table = resultTable(withTexts(resultOf(), (text) => text + evil, ["verdict"]));
  expect(table).toContain("benign");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  expect(table.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
});

const check: CheckReport = {
  producer: "",
  irVersion: 8,
  opset: 17,
  parameters: 1234567,
  input: { name: "x", shape: ["N", 3, null, 8] },
  outputs: [{ name: "y", shape: [4, 2] }],
  operators: [
    { op: "Conv", count: 2, gradient: "rule", nodes: ["a", "b"] },
    { op: "Relu", count: 1, gradient: "rule", nodes: ["c"] },
    { op: "Shape", count: 1, gradient: "folded", nodes: ["d"] },
  ],
  split: [{ feature: "h", node: "fc", width: 512, rows: 2 }],
  gradient: { directions: 3, relativeError: 0.00123, isFlat: false, tolerance: 0.05, passed: true },
  problems: [],
  passed: true,
};

test("the table of a check has what a scan would see", () => {
  const table = checkTable(check, "gaze.onnx", marked);
  for (const part of [
    "<green can be scanned>",
    "unknown, opset 17, IR version 8",
    "1,234,567",
    "x [N, 3, ?, 8]",
    "y [4, 2]",
    "Conv 2, Relu 1",
    "Shape 1",
    "h, 512 features; H is fc with 2 rows",
    "0.00123 (tolerance 0.05, 3 directions)",
  ]) {
    expect(table).toContain(part);
  }
});

test("the table of a check that failed has every problem with its hint", () => {
  const problems = [
    { code: "E_CLASSIFIER", message: "found a classifier", hint: "only regressors" },
    { code: "E_NO_GRADIENT", message: "no gradient rule for Det\u001b[2K" },
  ] as const;
  const table = checkTable(
    { ...check, passed: false, problems, gradient: null, split: [] },
    "m.onnx",
    marked,
  );
  expect(table).toContain("<red cannot be scanned>");
  expect(table).toContain("<red E_CLASSIFIER> found a classifier\n    only regressors\n");
  expect(table).toContain("<red E_NO_GRADIENT> no gradient rule for Det?[2K");
  expect(table).toContain("not tried");
});
