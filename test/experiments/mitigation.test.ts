import { expect, test } from "vitest";
import type { FinishedRepair } from "../../src/experiments/gather.ts";
import { mitigationSummary, repairRow } from "../../src/experiments/mitigation.ts";
import { table5, table6 } from "../../src/experiments/mitigation-tables.ts";
import type { MitigationName } from "../../src/mitigation/methods.ts";
import {
  findingsOf,
  finishedRepair,
  finishedScan,
  measurementOf,
  rowsByColumn,
  trainedModel,
} from "../support/findings.ts";

/** A repair of a model of AE 1, DAE 20 and RE 2. */
function repairOf(
  seed: number,
  after: [ae: number, dae: number, re: number] | null,
  {
    method = "unlearning" as MitigationName,
    verdict = "backdoored" as const,
    benign = [20, 2.2, 2] as [number, number, number],
  } = {},
): FinishedRepair {
  const model = trainedModel(
    { seed },
    { regressionError: 2, backdoors: [{ attackError: 1, defendingAttackError: 20 }] },
  );
  return finishedRepair(
    finishedScan(model, { verdict }),
    method,
    after && measurementOf(...after),
    measurementOf(...benign),
  );
}

test("errors before are the training's, after the repaired model's, and the benign model's stand beside them", () => {
  expect(repairRow(repairOf(3, [15, 4, 3]))).toMatchObject({
    name: "gaze-wanet-3",
    network: "resnet18, width 0.25",
    method: "unlearning",
    scanMethod: "contrast",
    verdict: "backdoored",
    outcome: "repaired",
    before: { attackError: 1, defendingAttackError: 20, regressionError: 2 },
    after: { attackError: 15, defendingAttackError: 4, regressionError: 3 },
    benign: { attackError: 20, defendingAttackError: 2.2, regressionError: 2 },
    seconds: 30,
  });
});

test("several triggers count by their mean", () => {
  const model = trainedModel(
    { condition: "multi-target-wanet" },
    {
      backdoors: [
        { attackError: 1, defendingAttackError: 10 },
        { attackError: 3, defendingAttackError: 30 },
      ],
    },
  );
  const repair = finishedRepair(
    finishedScan(model, {}),
    "unlearning",
    measurementOf(9, 9, 9),
    measurementOf(9, 9, 9),
  );
  expect(repairRow(repair).before).toMatchObject({ attackError: 2, defendingAttackError: 20 });
});

test("means are over models, and ratios are means of each model's own", () => {
  const summary = mitigationSummary(
    [repairOf(1, [10, 3, 2], { benign: [20, 2, 2] }), repairOf(2, [30, 9, 3], { benign: [30, 2, 2] })].map(
      repairRow,
    ),
  );
  expect(summary).toMatchObject({
    models: 2,
    identified: 2,
    untouched: 0,
    before: { attackError: 1, defendingAttackError: 20, regressionError: 2 },
    after: { attackError: 20, defendingAttackError: 6, regressionError: 2.5 },
  });
  // 0 % and 50 %; 10 / 20 and 30 / 30; 3 / 2 and 9 / 3.
  expect(summary.regressionErrorChange).toBeCloseTo(0.25, 12);
  expect(summary.attackErrorOverBenign).toBeCloseTo(0.75, 12);
  expect(summary.defendingAttackErrorOverClean).toBeCloseTo(2.25, 12);
});

test("a model in which nothing was reversed counts as it was", () => {
  const summary = mitigationSummary(
    [repairOf(1, [11, 4, 2]), repairOf(2, null, { verdict: "inconclusive" as never })].map(repairRow),
  );
  expect(summary).toMatchObject({ models: 2, identified: 1, untouched: 1 });
  expect(summary.after).toEqual({ attackError: 6, defendingAttackError: 12, regressionError: 2 });
});

test("table 5 shows errors before and after, those of the clean images too, and the paper's", async () => {
  const { markdown } = await table5.evaluate(findingsOf({ repairs: [repairOf(1, [15, 4, 2.5])] }));
  expect(rowsByColumn(markdown)).toEqual([
    {
      attack: "WaNet",
      task: "gaze",
      method: "unlearning",
      "models (identified)": "1 (1)",
      "AE before": "1.00",
      "AE after": "15.0",
      "AE of the benign model": "20.0",
      "AE after / benign": "0.750",
      "DAE before": "20.0",
      "DAE after": "4.00",
      "RE before": "2.00",
      "RE after": "2.50",
      "RE change": "+25 %",
      "DAE after / RE after": "1.60",
      "paper's AE before, after": "1.31, 15.36",
      "paper's DAE before, after": "15.9, 3.29",
    },
  ]);
  expect(rowsByColumn(markdown, 1)).toEqual([
    {
      task: "gaze",
      attack: "WaNet",
      seed: "1",
      unlearnt: "warp",
      "AE before, after (of the benign model's)": "1.00, 15.0 (0.75)",
      "DAE before, after": "20.0, 4.00",
      "RE before, after": "2.00, 2.50 (+25 %)",
      "DAE after / RE after": "1.60",
      "DAE / RE of the benign model": expect.any(String),
      "outcome by its own images": "repaired",
      seconds: "30",
    },
  ]);
});

test("table 6 has a row for each mitigation", async () => {
  const methods = ["unlearning", "fine-tuning", "fine-pruning", "anp"] as const;
  const { markdown } = await table6.evaluate(
    findingsOf({ repairs: methods.map((method, i) => repairOf(1, [10 + i, 4, 2], { method })) }),
  );
  const rows = rowsByColumn(markdown);
  expect(rows.map((row) => [row.method, row["AE after"], row["paper's AE before, after"]])).toEqual([
    ["unlearning", "10.0", "1.31, 15.36"],
    ["fine-tuning", "11.0", "1.31, 13.96"],
    ["fine-pruning", "12.0", "1.31, 6.68"],
    ["anp", "13.0", "1.31, 4.92"],
  ]);
});
