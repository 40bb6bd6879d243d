import { expect, test } from "vitest";
import { plainColors } from "../../src/report/table.ts";
import { readTrainingReport } from "../../src/report/training-report.ts";
import { trainingTable } from "../../src/report/training-table.ts";
import { errorOf } from "../support/errors.ts";
import { trainingReportOf } from "../support/training-report.ts";

test("a report comes back from JSON as it was", () => {
  const report = trainingReportOf();
  expect(readTrainingReport(JSON.parse(JSON.stringify(report)))).toEqual(report);
});

test.each([
  [null, "none"],
  [{}, "none"],
  ["text", "none"],
  [trainingReportOf({ schemaVersion: "2.0" }), "2.0"],
  [{ schemaVersion: "1.0", backdoors: [] }, "1.0"],
  [{ schemaVersion: "1.0", regressionError: 1 }, "1.0"],
])("%o is refused", async (value, version) => {
  expect(await errorOf(() => readTrainingReport(value))).toMatchObject({
    code: "E_RESULT",
    message: `found a training's report of version ${version}, expected a whole one of 1.0`,
  });
});

/** The rows of a table as name and value. */
const rowsOf = (table: string): string[][] =>
  table
    .trimEnd()
    .split("\n")
    .map((line) => line.trim().split(/ {2,}/));

test("the table says what came of a training, in columns", () => {
  const table = trainingTable(trainingReportOf(), "runs/first", plainColors);
  expect(rowsOf(table)).toEqual([
    ["data", "heads: 80 to train, 10 to test"],
    ["clean error (RE)", "2.35 degrees; saying the mean: 17.3 degrees"],
    ["badnets", "target 0.300, -0.100; trigger-1.trigger"],
    ["attack error (AE)", "1.25 degrees"],
    ["error to the truth (DAE)", "21.5 degrees"],
    ["angle variance (RAV)", "0.0412"],
    ["norm variance (RNV)", "1.38"],
    ["model", "runs/first/model.onnx"],
  ]);
  const starts = table
    .trimEnd()
    .split("\n")
    .map((line) => /^ *\S.*? {2,}(?=\S)/.exec(line)![0].length);
  expect(new Set(starts).size).toBe(1);
});

test("numbers without a unit have none, and what triggers of other images do is there where it was measured", () => {
  const [backdoor] = trainingReportOf().backdoors;
  const report = trainingReportOf({
    errors: { kind: "l1", unit: "as given" },
    backdoors: [{ ...backdoor!, attack: "input-aware", crossTriggerError: 2.5 }],
  });
  const rows = rowsOf(trainingTable(report, "r", plainColors));
  expect(rows).toContainEqual(["clean error (RE)", "2.35; saying the mean: 17.3"]);
  expect(rows).toContainEqual(["with others' triggers", "2.50 to the truth"]);
});

test("with colours the columns still stand below each other", () => {
  const bold = (text: string): string => `\u001b[1m${text}\u001b[22m`;
  const table = trainingTable(trainingReportOf(), "r", { ...plainColors, bold });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what colours are made of.
  expect(table.replace(/\u001b\[\d+m/g, "")).toBe(trainingTable(trainingReportOf(), "r", plainColors));
});

test("a benign model has no rows of attacks", () => {
  const rows = rowsOf(trainingTable(trainingReportOf({ backdoors: [] }), "r", plainColors));
  expect(rows.map(([name]) => name)).toEqual(["data", "clean error (RE)", "model"]);
});
