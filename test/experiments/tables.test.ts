import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  compactTable,
  type ExperimentScope,
  markdownTable,
  meanAndRange,
  short,
} from "../../src/experiments/experiment.ts";
import { figure2 } from "../../src/experiments/figure2.ts";
import type { Findings } from "../../src/experiments/gather.ts";
import type { TrainedModel } from "../../src/experiments/model-item.ts";
import { type Condition, conditions, type ModelSpec, nameOf } from "../../src/experiments/models.ts";
import { experimentTitles } from "../../src/experiments/names.ts";
import { profiles } from "../../src/experiments/profile.ts";
import { experiments } from "../../src/experiments/run-experiment.ts";
import type { FinishedScan } from "../../src/experiments/scan-item.ts";
import { table1 } from "../../src/experiments/table1.ts";
import { table10 } from "../../src/experiments/table10.ts";
import type { BackdoorReport } from "../../src/report/training-report.ts";
import { cellsOf, findingsOf, finishedScan, rowsByColumn, trainedModel } from "../support/findings.ts";

/** A model as if it had been trained. */
const model = (
  spec: Partial<ModelSpec>,
  regressionError: number,
  backdoors: readonly Partial<BackdoorReport>[] = [],
  folder = "",
): TrainedModel => trainedModel(spec, { regressionError, backdoors, folder });

const found = (models: readonly TrainedModel[]): Findings => findingsOf({ models });

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

test("a compact table leaves out what is empty everywhere, and what is dispensable and the same everywhere", () => {
  const header = ["name", "same", "kept", "empty", "half"];
  const rows = [
    ["a", "x", "x", "", ""],
    ["b", "x", "x", "", "1"],
  ];
  expect(compactTable(header, rows, ["name", "same"])).toBe(
    markdownTable(
      ["name", "kept", "half"],
      [
        ["a", "x", ""],
        ["b", "x", "1"],
      ],
    ),
  );
});

test("table 1 has RAV and RNV of every attack over all seeds, beside what the paper prints", async () => {
  const { markdown, json, pictures } = await table1.evaluate(
    found([
      model({ condition: "badnets" }, 2, [{ angleVarianceRatio: 0.04, normVarianceRatio: 1.5 }]),
      model({ condition: "badnets", seed: 2 }, 2, [{ angleVarianceRatio: 0.06, normVarianceRatio: 2.5 }]),
      model({ condition: "sig", task: "head-pose" }, 2, [{ angleVarianceRatio: 0.5, normVarianceRatio: 1 }]),
    ]),
  );
  expect(cellsOf(markdown)).toEqual([
    ["task", "attack", "RAV", "RNV", "paper's RAV", "paper's RNV"],
    ["gaze", "BadNets", "0.0500 (0.0400 to 0.0600)", "2.00 (1.50 to 2.50)", "0.0433", "1.4499"],
    ["head-pose", "SIG", "0.500", "1.00", "", ""],
  ]);
  expect(json).toMatchObject([{ condition: "badnets", models: 2, rav: [0.04, 0.06] }, { paper: null }]);
  expect(pictures).toEqual({});
});

test("table 10 has the errors of every model, and how the clean one stands to a benign model's", async () => {
  const { markdown } = await table10.evaluate(
    found([
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
  const [header, ...rows] = cellsOf(markdown);
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
    found([model({ condition: "badnets" }, 2, [{}], folder)]),
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

const scope = {
  tasks: ["gaze", "head-pose"],
  seeds: [1, 2],
  conditions,
  methods: null,
  mitigations: null,
  network: {},
} as const;

test("each experiment names the models that it reads, for the tasks and seeds that are chosen", () => {
  const [rows, all, pictures] = [table1, table10, figure2].map((each) => {
    expect(experiments).toContain(each);
    return each.needs(scope, profiles.desk).models!;
  });
  expect(all).toHaveLength(2 * conditions.length * 2);
  expect(rows).toEqual(all!.filter(({ condition }) => condition !== "benign"));
  expect(pictures!.every(({ seed }) => seed === 1)).toBe(true);
  expect(pictures).toHaveLength(8);
});

test("every experiment has a name of the list, and every name of the list an experiment: all of the paper, and the fleet", () => {
  expect(experiments.map(({ name }) => name).sort()).toEqual(Object.keys(experimentTitles).sort());
});

/** What an experiment asks for, in short. */
function asked(name: string, changes: Partial<ExperimentScope> = {}) {
  const experiment = experiments.find((each) => each.name === name)!;
  const {
    scans = [],
    repairs = [],
    poisoned = [],
  } = experiment.needs({ ...scope, tasks: ["gaze"], seeds: [3], ...changes }, profiles.desk);
  return {
    scans: scans.map(({ model, method }) => `${nameOf(model)} ${method}`),
    repairs: repairs.map(({ scan, method }) => `${nameOf(scan.model)} ${method}`),
    poisoned: poisoned.map(nameOf),
    specs: scans,
  };
}

test.each([
  ["table2", ["benign", "badnets", "input-aware", "clean-label", "wanet"]],
  ["table3", ["benign", "wanet"]],
  ["table9", ["benign", "wanet", "adaptive"]],
  ["table11", ["benign", "multi-target-wanet"]],
  ["table14", ["benign", "blend", "sig"]],
  ["table16", ["benign", "wanet"]],
])("%s scans models of %j by the default method", (name, expected) => {
  expect(asked(name).scans).toEqual(expected.map((condition) => `gaze-${condition}-3 contrast`));
  expect(asked(name, { methods: ["paper"] }).scans[0]).toBe("gaze-benign-3 paper");
});

test("table 4 compares all methods, on the models of table 2", () => {
  const { scans } = asked("table4");
  expect(scans).toHaveLength(5 * 4);
  expect(new Set(scans.map((each) => each.split(" ")[0]))).toEqual(
    new Set(asked("table2").scans.map((each) => each.split(" ")[0])),
  );
});

test("tables 12 and 13 have each architecture, that of the profile as the profile's own model", () => {
  expect(asked("table12").scans).toEqual([
    "gaze-benign-3 contrast",
    "gaze-wanet-3 contrast",
    "gaze-resnet34-0.25-benign-3 contrast",
    "gaze-resnet34-0.25-wanet-3 contrast",
    "gaze-mobilenetv1-0.25-benign-3 contrast",
    "gaze-mobilenetv1-0.25-wanet-3 contrast",
  ]);
  expect(asked("table13").repairs).toEqual([
    "gaze-wanet-3 unlearning",
    "gaze-resnet34-0.25-wanet-3 unlearning",
    "gaze-mobilenetv1-0.25-wanet-3 unlearning",
  ]);
});

test("tables 5, 6 and 15 repair backdoored models", () => {
  expect(asked("table5").repairs).toEqual(
    ["badnets", "input-aware", "clean-label", "wanet"].map((name) => `gaze-${name}-3 unlearning`),
  );
  expect(asked("table6").repairs).toEqual(
    ["unlearning", "fine-tuning", "fine-pruning", "anp"].map((name) => `gaze-wanet-3 ${name}`),
  );
  expect(asked("table15").repairs).toEqual(["gaze-blend-3 unlearning", "gaze-sig-3 unlearning"]);
  expect(asked("table15", { mitigations: ["anp", "fine-tuning"] }).repairs).toEqual(
    ["blend", "sig"].flatMap((name) => [`gaze-${name}-3 anp`, `gaze-${name}-3 fine-tuning`]),
  );
});

test("table 7 varies one thing at a time, by the paper's own values, and table 8 leaves one out", () => {
  const changesOf = (name: string, changes: Partial<ExperimentScope> = {}) =>
    asked(name, changes)
      .specs.filter(({ model, method }) => model.condition === "wanet" && method === "paper")
      .map(({ options, share }) => ({ ...options, ...(share === 1 ? {} : { share }) }));
  expect(changesOf("table7")).toEqual([
    ...[{}, { lambda1: 10 }, { lambda1: 30 }, { lambda2: 600 }, { lambda2: 1000 }],
    ...[{ share: 0.5 }, { share: 0.25 }],
  ]);
  expect(changesOf("table7", { tasks: ["head-pose"] }).slice(0, 3)).toEqual([
    {},
    { lambda1: 5 },
    { lambda1: 15 },
  ]);
  expect(changesOf("table8")).toEqual([{}, { lambda2: expect.closeTo(0, 6) }, { attention: "none" }]);
});

describe("the fleet", () => {
  const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const specs = (changes: Partial<ExperimentScope>) =>
    asked("fleet", changes).specs.map(({ model }) => model);
  const countOf = (models: readonly { condition: string }[], name: string): number =>
    models.filter(({ condition }) => condition === name).length;

  test("of ten seeds has ten of each main attack and five of each other on gaze, and three networks", () => {
    const gaze = specs({ seeds });
    for (const name of ["benign", "badnets", "input-aware", "clean-label", "wanet"])
      expect(countOf(gaze, name)).toBe(10);
    for (const name of ["blend", "sig", "multi-target-wanet", "adaptive"])
      expect(countOf(gaze, name)).toBe(5);
    expect(gaze).toHaveLength(70);
    const networksOf = (seed: number) =>
      new Set(gaze.filter((each) => each.seed === seed).map(({ network }) => JSON.stringify(network)));
    for (const seed of seeds.slice(0, 8)) expect(networksOf(seed)).toEqual(new Set([undefined]));
    expect(networksOf(9)).toEqual(new Set(['{"architecture":"resnet18","width":0.125}']));
    expect(networksOf(10)).toEqual(new Set(['{"architecture":"resnet34","width":0.125}']));
  });

  test("has benign, BadNets and WaNet of five seeds on head pose", () => {
    const names = (models: ReturnType<typeof specs>) => models.map(nameOf);
    const expected = seeds
      .slice(0, 5)
      .flatMap((seed) => ["benign", "badnets", "wanet"].map((name) => `head-pose-${name}-${seed}`));
    expect(names(specs({ tasks: ["head-pose"], seeds }))).toEqual(expected);
    expect(names(specs({ tasks: ["head-pose"], seeds: seeds.slice(0, 5) }))).toEqual(expected);
  });

  test("counts networks together, and none whose attack was not learnt", async () => {
    const scanOf = (condition: Condition, seed: number, attackError: number, width = 0.25): FinishedScan => {
      const network = { architecture: "resnet18", width };
      const backdoors = condition === "benign" ? [] : [{ attackError, meanOutput: [0, 0] }];
      const model = trainedModel({ condition, seed }, { regressionError: 2, network, backdoors });
      const verdict = condition === "benign" ? "benign" : "backdoored";
      const target = ["yaw", "pitch"].map((name) => ({ name, value: 0 }));
      return finishedScan(model, { verdict, score: condition === "benign" ? 1 : 0.1, target });
    };
    const scans = [
      ...[scanOf("benign", 1, 0), scanOf("wanet", 1, 0.5), scanOf("badnets", 1, 3)],
      ...[scanOf("benign", 2, 0, 0.125), scanOf("wanet", 2, 3.1, 0.125), scanOf("badnets", 2, 1, 0.125)],
      // By another method, or once more: it is the same model.
      scanOf("wanet", 2, 3.1, 0.125),
    ];
    const experiment = experiments.find(({ name }) => name === "fleet")!;
    const { json, markdown } = await experiment.evaluate(findingsOf({ scans }));
    expect(rowsByColumn(markdown).map((row) => [row.attack, row["backdoored + benign"], row.TP])).toEqual([
      ["BadNets", "2 + 2", "2"],
      ["WaNet", "1 + 2", "1"],
      ["all attacks", "3 + 2", "3"],
    ]);
    expect(markdown).toContain("and in no row: WaNet 2 (resnet18, width 0.125; AE 3.10, RE 2.00).");
    expect(json).toMatchObject({ unlearnt: [{ condition: "wanet", seed: 2, attackError: 3.1 }] });
    expect((json as { unlearnt: unknown[] }).unlearnt).toHaveLength(1);
    expect((json as { models: unknown[] }).models).toHaveLength(5);
    expect(rowsByColumn(markdown, 1).map(({ network }) => network)).toContain("resnet18, width 0.125");
  });
});

test("figures draw the first seed alone", () => {
  expect(asked("figure3", { seeds: [4, 5] })).toMatchObject({
    scans: ["gaze-badnets-4 paper", "gaze-badnets-4 paper"],
    poisoned: ["gaze-badnets-4"],
  });
  expect(asked("figure4").scans).toHaveLength(4);
  expect(asked("figure5").poisoned).toEqual(
    ["badnets", "input-aware", "clean-label", "wanet"].map((name) => `gaze-${name}-3`),
  );
});
