import { expect, test } from "vitest";
import { createDataSet, type DataSample } from "../../../src/data/datasets/dataset.ts";
import { summarise } from "../../../src/data/datasets/summary.ts";

const sample = (subject: string | null, ...labels: number[]): DataSample => ({ id: "x", subject, labels });

test("counts, subjects, ranges and what was skipped", () => {
  const summary = summarise(
    createDataSet({
      title: "a set",
      labels: [
        { name: "yaw", unit: "radians" },
        { name: "pitch", unit: "radians" },
      ],
      samples: [sample("a", -1, 2), sample("b", 5, 2), sample("a", 2, 2)],
      skipped: [
        { file: "p", reason: "rare" },
        { file: "q", reason: "often" },
        { file: "r", reason: "often" },
      ],
      notes: ["note"],
      async *read() {},
    }),
  );
  expect(summary).toEqual({
    title: "a set",
    count: 3,
    subjects: { a: 2, b: 1 },
    labels: [
      { name: "yaw", unit: "radians", least: -1, most: 5, mean: 2, deviation: Math.sqrt(6), counts: null },
      { name: "pitch", unit: "radians", least: 2, most: 2, mean: 2, deviation: 0, counts: null },
    ],
    skipped: [
      { reason: "often", count: 2, example: "q" },
      { reason: "rare", count: 1, example: "p" },
    ],
    notes: ["note"],
    warnings: [
      "yaw reaches 5.00 rad, which is more than a half turn: are the files in degrees?",
      "pitch is 2 for every sample: nothing can be learnt of it",
    ],
  });
});

test.each([
  [
    "class",
    [3, 0, 3, 1],
    [
      [0, 1],
      [1, 1],
      [3, 2],
    ],
  ],
  ["as given", [1, 1], [[1, 2]]],
  ["radians", [1, 1], null],
  ["as given", [0.5, 1], null],
  ["as given", [-1, 1], null],
  ["as given", Array.from({ length: 21 }, (_, i) => i), null],
] as const)("what looks like classes is counted: %s %j", (unit, values, counts) => {
  const summary = summarise(
    createDataSet({
      title: "a set",
      labels: [{ name: "kind", unit }],
      samples: values.map((value) => sample(null, value)),
      skipped: [],
      notes: [],
      async *read() {},
    }),
  );
  expect(summary.labels[0]!.counts?.map(({ value, count }) => [value, count]) ?? null).toEqual(counts);
});
