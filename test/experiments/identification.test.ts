import { expect, test } from "vitest";
import { groupsOfScans, scanRows, summaryOf } from "../../src/experiments/identification.ts";
import { table2, table3, table11, table12 } from "../../src/experiments/identification-tables.ts";
import type { ModelSpec } from "../../src/experiments/models.ts";
import type { FinishedScan, ScanSpec } from "../../src/experiments/scan-item.ts";
import { table4 } from "../../src/experiments/table4.ts";
import { table9 } from "../../src/experiments/table9.ts";
import type { ScanResult } from "../../src/report/result.ts";
import { findingsOf, finishedScan, rowsByColumn, trainedModel } from "../support/findings.ts";

const degree = Math.PI / 180;

/** A scan of a gaze model whose true target is at no angle at all. */
function scanOf(
  condition: ModelSpec["condition"],
  seed: number,
  verdict: ScanResult["verdict"],
  score: number,
  changes: { degrees?: number; spec?: Partial<ScanSpec>; model?: Partial<ModelSpec> } = {},
): FinishedScan {
  const model = trainedModel(
    { condition, seed, ...changes.model },
    { backdoors: condition === "benign" ? [] : [{ meanOutput: [0, 0] }] },
  );
  const target = [
    { name: "yaw", value: (changes.degrees ?? 0) * degree },
    { name: "pitch", value: 0 },
  ];
  return finishedScan(model, { verdict, score, target, seconds: 100 }, changes.spec);
}

/** Five benign and four BadNets models with known counts. */
const fleet = [
  scanOf("benign", 1, "benign", 0.9),
  scanOf("benign", 2, "benign", 1),
  scanOf("benign", 3, "backdoored", 0.3),
  scanOf("benign", 4, "inconclusive", 0.7),
  scanOf("benign", 5, "benign", 0.8),
  scanOf("badnets", 1, "backdoored", 0.1, { degrees: 2 }),
  scanOf("badnets", 2, "backdoored", 0.2, { degrees: 6 }),
  scanOf("badnets", 3, "benign", 0.95, { degrees: 50 }),
  scanOf("badnets", 4, "inconclusive", 0.7, { degrees: 40 }),
];

test("counts are those of the verdicts; what has no verdict is wrong, and in none of the four", () => {
  const summary = summaryOf(fleet.flatMap(scanRows));
  expect(summary).toMatchObject({
    backdoored: 4,
    benign: 5,
    truePositives: 2,
    falsePositives: 1,
    falseNegatives: 1,
    trueNegatives: 3,
    inconclusive: { backdoored: 1, benign: 1 },
    secondsPerScan: 100,
  });
  expect(summary.accuracy.value).toBe(5 / 9);
  // scipy 1.17.1: beta.ppf(0.025, 5, 5) and beta.ppf(0.975, 6, 4)
  expect(summary.accuracy.low).toBeCloseTo(0.21200850677886798, 9);
  expect(summary.accuracy.high).toBeCloseTo(0.8630043377348335, 9);
  // 0.1 and 0.2 lie below all five, 0.95 below one, 0.7 below three with one tie.
  expect(summary.rocAuc).toBeCloseTo((5 + 5 + 1 + 3.5) / 20, 12);
  // Of those alone that were rightly called backdoored: 2 and 6 degrees.
  expect(summary.targetError!.mean).toBeCloseTo(4, 4);
  expect(summary.targetError!.max).toBeCloseTo(6, 4);
});

test("without backdoored models there is no ranking and no target, without any no accuracy", () => {
  expect(summaryOf(fleet.slice(0, 5).flatMap(scanRows))).toMatchObject({ rocAuc: null, targetError: null });
  expect(summaryOf([]).accuracy.value).toBeNaN();
});

test("the target's error is to the nearest of several true ones", () => {
  const model = trainedModel(
    { condition: "multi-target-wanet" },
    { backdoors: [{ meanOutput: [30 * degree, 0] }, { meanOutput: [-30 * degree, 0] }] },
  );
  const target = [
    { name: "yaw", value: -27 * degree },
    { name: "pitch", value: 0 },
  ];
  const [row] = scanRows(finishedScan(model, { target }));
  expect(row!.targetError).toBeCloseTo(3, 4);
  expect(row!.trueTargets).toHaveLength(2);
});

test("the paper's method has two rows: with its preconditions, and by its own two-way rule", () => {
  const rows = [0.02, 0.04].flatMap((score) =>
    scanRows(
      finishedScan(
        trainedModel({}),
        { verdict: "inconclusive", score, threshold: 0.03 },
        { method: "paper" },
      ),
    ),
  );
  expect(rows.map(({ method, verdict }) => [method, verdict])).toEqual([
    ["paper", "inconclusive"],
    ["paper, two-way", "backdoored"],
    ["paper", "inconclusive"],
    ["paper, two-way", "benign"],
  ]);
});

test("a row says which family of triggers the score is of", () => {
  const contrast = [
    { family: "warp", findings: [{ score: 0.4 }] },
    { family: "patch", findings: [{ score: 0.9 }, { score: 0.2 }] },
  ] as unknown as NonNullable<ScanResult["contrast"]>;
  const rowOf = (score: number) => scanRows(finishedScan(trainedModel({ seed: 7 }), { contrast, score }))[0]!;
  expect([rowOf(0.2).shownBy, rowOf(0.4).shownBy, rowOf(1).shownBy]).toEqual(["patch", "warp", null]);
});

test("a row has what identifies the scan: interval, options and share", () => {
  const [row] = scanRows(
    finishedScan(
      trainedModel({ seed: 7 }),
      { measures: { scoreLow: 0.1, scoreHigh: 0.3 } },
      { options: { lambda1: 10 }, share: 0.5 },
    ),
  );
  expect(row).toMatchObject({
    name: "gaze-wanet-7",
    network: "resnet18, width 0.25",
    seed: 7,
    interval: [0.1, 0.3],
    variant: "lambda1=10, 50 % of the images",
  });
});

test("each attack stands beside the benign models of its own task, method and variant", () => {
  const others = [
    scanOf("benign", 1, "benign", 1, { model: { task: "head-pose" } }),
    scanOf("badnets", 1, "backdoored", 0.1, { model: { task: "head-pose" } }),
    scanOf("wanet", 1, "backdoored", 0.1),
    scanOf("benign", 1, "benign", 1, { spec: { method: "neural-cleanse" } }),
  ];
  const groups = groupsOfScans([...others, ...fleet].flatMap(scanRows), true);
  expect(
    groups.map(({ task, condition, method, summary }) => [
      ...[task, condition, method],
      `${summary.backdoored}+${summary.benign}`,
    ]),
  ).toEqual([
    ["gaze", "badnets", "contrast", "4+5"],
    ["gaze", "wanet", "contrast", "1+5"],
    ["gaze", null, "contrast", "5+5"],
    ["gaze", null, "neural-cleanse", "0+1"],
    ["head-pose", "badnets", "contrast", "1+1"],
  ]);
});

test("table 2 shows counts, intervals, ranking and the paper's own beside them", async () => {
  const { markdown, json } = await table2.evaluate(
    findingsOf({ scans: fleet, unfinished: { models: 0, scans: 3, repairs: 1, poisoned: 0 } }),
  );
  expect(rowsByColumn(markdown)).toEqual([
    {
      attack: "BadNets",
      task: "gaze",
      method: "contrast",
      "backdoored + benign": "4 + 5",
      TP: "2",
      FP: "1",
      FN: "1",
      TN: "3",
      "inconclusive (backdoored + benign)": "1 + 1",
      "accuracy (95 % interval)": "56 % (21 to 86)",
      "ROC-AUC": "0.725",
      "error of the target, mean (max)": "4.00 (6.00)",
      "seconds a scan": "100",
      "paper's TP, FP, FN, TN": "10, 1, 0, 9",
      "paper's accuracy": "95 %",
    },
  ]);
  expect(markdown).toContain("Not done yet, and left out: 3 scans, 1 repair.");
  expect((json as { models: unknown[] }).models).toHaveLength(9);
  const models = rowsByColumn(markdown, 1);
  expect(models).toHaveLength(9);
  expect(models[5]).toEqual({
    task: "gaze",
    model: "BadNets",
    seed: "1",
    verdict: "backdoored",
    "score (interval)": "0.10",
    "error of the target": "2.00",
    seconds: "100",
  });
});

test("table 3 has a row for each data set, table 11 the paper's figures for gaze alone", async () => {
  const both = [
    scanOf("benign", 1, "benign", 1),
    scanOf("wanet", 1, "backdoored", 0.1),
    scanOf("multi-target-wanet", 1, "backdoored", 0.1),
    scanOf("benign", 1, "benign", 1, { model: { task: "head-pose" } }),
    scanOf("wanet", 1, "backdoored", 0.1, { model: { task: "head-pose" } }),
    scanOf("multi-target-wanet", 1, "benign", 0.9, { model: { task: "head-pose" } }),
  ];
  const of = (name: ModelSpec["condition"]) =>
    findingsOf({ scans: both.filter(({ spec: { model } }) => ["benign", name].includes(model.condition)) });
  const printed = (markdown: string): unknown =>
    rowsByColumn(markdown).map((row) => [row.task, row.TP, row["paper's TP, FP, FN, TN"]]);
  expect(printed((await table3.evaluate(of("wanet"))).markdown)).toEqual([
    ["gaze", "1", "10, 1, 0, 9"],
    ["head-pose", "1", "10, 0, 0, 10"],
  ]);
  expect(printed((await table11.evaluate(of("multi-target-wanet"))).markdown)).toEqual([
    ["gaze", "1", "10, 1, 0, 9"],
    ["head-pose", "0", ""],
  ]);
});

test("table 3 takes the paper's figures of the data set that is named, where it is one of the paper's", async () => {
  const titles = ["Columbia Gaze", "MPIIFaceGaze (original)"];
  const scans = titles.flatMap((title) =>
    (["benign", "wanet"] as const).map((condition) =>
      finishedScan(trainedModel({ condition }, { title }), { verdict: "benign" }),
    ),
  );
  const rows = rowsByColumn((await table3.evaluate(findingsOf({ scans }))).markdown);
  expect(rows.map((row) => [row["data set"], row["paper's accuracy"]])).toEqual([
    ["Columbia Gaze", "70 %"],
    ["MPIIFaceGaze (original)", "95 %"],
  ]);
});

test("table 12 keeps networks apart", async () => {
  const networks = ["resnet18", "mobilenetv1"].map((architecture) => ({ architecture, width: 0.25 }));
  const scans = networks.flatMap((network) =>
    (["benign", "wanet"] as const).map((condition) =>
      finishedScan(trainedModel({ condition }, { network }), {
        verdict: network.architecture === "resnet18" && condition === "wanet" ? "backdoored" : "benign",
      }),
    ),
  );
  const rows = rowsByColumn((await table12.evaluate(findingsOf({ scans }))).markdown);
  expect(rows.map((row) => [row.network, row.TP, row.FN, row.TN, row["paper's accuracy"]])).toEqual([
    ["resnet18, width 0.25", "1", "0", "1", "95 %"],
    ["mobilenetv1, width 0.25", "0", "1", "1", "85 %"],
  ]);
});

test("table 4 ranks each attack and all together by each method, the paper's method once", async () => {
  const scans = (["neural-cleanse", "paper"] as const).flatMap((method) => [
    scanOf("benign", 1, "benign", 0.5, { spec: { method } }),
    scanOf("badnets", 1, "backdoored", method === "paper" ? 0.1 : 0.9, { spec: { method } }),
    scanOf("wanet", 1, "backdoored", 0.1, { spec: { method } }),
  ]);
  const rows = rowsByColumn((await table4.evaluate(findingsOf({ scans }))).markdown);
  expect(rows.map((row) => [row.attack, row["neural-cleanse"], row.paper])).toEqual([
    ["BadNets", "0.000 (1 + 1)", "1.000 (1 + 1)"],
    ["WaNet", "1.000 (1 + 1)", "1.000 (1 + 1)"],
    ["all attacks", "0.500 (2 + 1)", "1.000 (2 + 1)"],
  ]);
  expect(rows.map((row) => row["paper's figure for neural-cleanse"])).toEqual(["0.270", "0.940", "0.379"]);
});

test("table 9 has the errors of each model once, however many methods scanned it", async () => {
  const of = (condition: ModelSpec["condition"], seed: number, attackError: number) =>
    trainedModel(
      { condition, seed },
      { backdoors: condition === "benign" ? [] : [{ attackError, defendingAttackError: 10 * attackError }] },
    );
  const models = [of("benign", 1, 0), of("wanet", 1, 1), of("adaptive", 1, 2), of("adaptive", 2, 4)];
  const scans = models.flatMap((model) =>
    (["contrast", "neural-cleanse"] as const).map((method) =>
      finishedScan(model, { verdict: "backdoored" }, { method }),
    ),
  );
  const { markdown } = await table9.evaluate(findingsOf({ scans }));
  const [errors, counts] = markdown.split("\n\n") as [string, string];
  expect(rowsByColumn(errors).map((row) => [row.attack, row.models, row.AE, row.DAE])).toEqual([
    ["WaNet", "1", "1.00", "10.0"],
    ["WaNet, adaptive", "2", "3.00 (2.00 to 4.00)", "30.0 (20.0 to 40.0)"],
  ]);
  expect(rowsByColumn(counts).map((row) => [row.attack, row.method, row.TP, row.FP])).toEqual([
    ["WaNet", "contrast", "1", "1"],
    ["WaNet", "neural-cleanse", "1", "1"],
    ["WaNet, adaptive", "contrast", "2", "1"],
    ["WaNet, adaptive", "neural-cleanse", "2", "1"],
  ]);
});
