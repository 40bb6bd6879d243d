import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { markdownTable, meanAndRange, short } from "../../src/experiments/experiment.ts";
import { figure2 } from "../../src/experiments/figure2.ts";
import type { Findings } from "../../src/experiments/gather.ts";
import type { TrainedModel } from "../../src/experiments/model-item.ts";
import { conditions, type ModelSpec } from "../../src/experiments/models.ts";
import { profiles } from "../../src/experiments/profile.ts";
import { experiments } from "../../src/experiments/run-experiment.ts";
import { table1 } from "../../src/experiments/table1.ts";
import { table10 } from "../../src/experiments/table10.ts";
import type { BackdoorReport } from "../../src/report/training-report.ts";
import { trainingReportOf } from "../support/training-report.ts";

/** A model as if it had been trained. */
function model(
  spec: Partial<ModelSpec>,
  regressionError: number,
  backdoors: readonly Partial<BackdoorReport>[] = [],
  folder = "",
): TrainedModel {
  const [like] = trainingReportOf().backdoors;
  const whole = backdoors.map((each) => ({ ...like!, ...each }));
  return {
    spec: { task: "gaze", condition: "wanet", seed: 1, ...spec },
    folder,
    report: trainingReportOf({ regressionError, regressionErrorOfMean: 20, backdoors: whole }),
  };
}

/** Trained models as all that was found. */
const findingsOf = (models: readonly TrainedModel[]): Findings => ({
  models,
  scans: [],
  repairs: [],
  poisoned: [],
  unfinished: { models: 0, scans: 0, repairs: 0, poisoned: 0 },
});

/** The cells of a Markdown table. */
const cellsOf = (markdown: string): string[][] =>
  markdown.split("\n").map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

test.each([
  [0, "0"],
  [0.012345, "0.0123"],
  [1.2, "1.20"],
  [99.94, "99.9"],
  [123.4, "123"],
  [-250.6, "-251"],
])("%d is written as %s", (value, text) => {
  expect(short(value)).toBe(text);
});

test("several numbers have a mean and a range, one has none", () => {
  expect(meanAndRange([2])).toBe("2.00");
  expect(meanAndRange([1, 2, 6])).toBe("3.00 (1.00 to 6.00)");
});

test("a Markdown table has a line below its header", () => {
  expect(markdownTable(["a", "b"], [["1", ""]])).toBe("| a | b |\n| --- | --- |\n| 1 |  |");
});

test("table 1 has RAV and RNV of every attack over all seeds, beside what the paper prints", async () => {
  const { markdown, json, pictures } = await table1.evaluate(
    findingsOf([
      model({ condition: "badnets" }, 2, [{ angleVarianceRatio: 0.04, normVarianceRatio: 1.5 }]),
      model({ condition: "badnets", seed: 2 }, 2, [{ angleVarianceRatio: 0.06, normVarianceRatio: 2.5 }]),
      model({ condition: "sig", task: "head-pose" }, 2, [{ angleVarianceRatio: 0.5, normVarianceRatio: 1 }]),
    ]),
  );
  expect(cellsOf(markdown)).toEqual([
    ["task", "attack", "RAV", "RNV", "paper's RAV", "paper's RNV"],
    ["---", "---", "---", "---", "---", "---"],
    ["gaze", "BadNets", "0.0500 (0.0400 to 0.0600)", "2.00 (1.50 to 2.50)", "0.0433", "1.4499"],
    ["head-pose", "SIG", "0.500", "1.00", "", ""],
  ]);
  expect(json).toMatchObject([{ condition: "badnets", models: 2, rav: [0.04, 0.06] }, { paper: null }]);
  expect(pictures).toEqual({});
});

test("table 10 has the errors of every model, and how the clean one stands to a benign model's", async () => {
  const { markdown } = await table10.evaluate(
    findingsOf([
      model({ condition: "benign" }, 2),
      model({ condition: "benign", seed: 2 }, 3),
      model({ condition: "wanet" }, 3, [{ attackError: 1.5, defendingAttackError: 12 }]),
      model({ condition: "multi-target-wanet" }, 2, [
        { attackError: 1, defendingAttackError: 10 },
        { attackError: 3, defendingAttackError: 20 },
      ]),
      model({ condition: "wanet", task: "head-pose" }, 4, [{ attackError: 1, defendingAttackError: 5 }]),
    ]),
  );
  const [header, , ...rows] = cellsOf(markdown);
  expect(header).toEqual([
    ...["task", "attack", "AE", "RE", "RE against benign", "DAE", "AE / RE", "RE of the mean"],
    ...["paper's AE", "paper's RE"],
  ]);
  expect(rows).toEqual([
    ["gaze", "Benign", "", "2.50 (2.00 to 3.00)", "", "", "", "20.0", "", "2.35"],
    ["gaze", "WaNet", "1.50", "3.00", "+20 %", "12.0", "0.500", "20.0", "1.31", "2.32"],
    [
      ...[
        "gaze",
        "WaNet, two targets",
        "2.00 (1.00 to 3.00)",
        "2.00",
        "-20 %",
        "15.0 (10.0 to 20.0)",
        "1.00",
        "20.0",
      ],
      ...["", ""],
    ],
    ["head-pose", "WaNet", "1.00", "4.00", "", "5.00", "0.250", "20.0", "", ""],
  ]);
});

test("figure 2 draws clean and poisoned angles of each model, and says how they spread", async () => {
  const folder = mkdtempSync(join(tmpdir(), "drmguard-figure-"));
  const lines = ["backdoor,angle 1,angle 2", "0,80,90", "0,100,90", "1,90,95", "1,92,95", "1,94,95"];
  writeFileSync(join(folder, "angles.csv"), `${lines.join("\n")}\n`);
  const { markdown, json, pictures } = await figure2.evaluate(
    findingsOf([model({ condition: "badnets" }, 2, [{}], folder)]),
  );
  const deviation = Math.sqrt(8 / 3);
  expect(json).toEqual([
    { model: "gaze-badnets-1", clean: [10, 0], poisoned: [expect.closeTo(deviation, 6), 0] },
  ]);
  expect(markdown).toContain("![Angles of features](figure2.svg)");
  expect(cellsOf(markdown).at(-1)).toEqual(["gaze-badnets-1", "10.0, 0", `${deviation.toPrecision(3)}, 0`]);
  const svg = pictures["figure2.svg"]!;
  expect([...svg.matchAll(/<circle/g)]).toHaveLength(5);
  expect(svg).toContain("gaze, BadNets");
});

test("each experiment names the models that it reads, for the tasks and seeds that are chosen", () => {
  expect(new Set(experiments.map(({ name }) => name)).size).toBe(experiments.length);
  const scope = { tasks: ["gaze", "head-pose"], seeds: [1, 2], conditions, methods: null } as const;
  const [rows, all, pictures] = [table1, table10, figure2].map((each) => {
    expect(experiments).toContain(each);
    return each.needs(scope, profiles.desk).models!;
  });
  expect(all).toHaveLength(2 * conditions.length * 2);
  expect(rows).toEqual(all!.filter(({ condition }) => condition !== "benign"));
  expect(pictures!.every(({ seed }) => seed === 1)).toBe(true);
  expect(pictures).toHaveLength(8);
});
