import { describe, expect, test } from "vitest";
import { neuralCleanseDefaults as options } from "../../../src/identification/neural-cleanse/options.ts";
import {
  judge,
  outlierOf,
  thresholdOf,
  type VerdictInputs,
} from "../../../src/identification/neural-cleanse/verdict.ts";

const sizes = [0.3, 0.32, 0.28, 0.34, 0.26];

test("the anomaly index is the distance from the median in median absolute deviations, as of a normal distribution", () => {
  const outlier = outlierOf(0.1, sizes);
  expect(outlier.median).toBeCloseTo(0.3, 12);
  expect(outlier.deviation).toBeCloseTo(1.4826 * 0.02, 12);
  expect(outlier.index).toBeCloseTo(0.2 / (1.4826 * 0.02), 10);
  expect(thresholdOf(outlier, options)).toBeCloseTo(0.3 - 2 * 1.4826 * 0.02, 12);
});

test("below the threshold is above the limit of the index", () => {
  for (const smallest of [0.1, 0.24, 0.2407, 0.2408, 0.3]) {
    const outlier = outlierOf(smallest, sizes);
    expect(smallest < thresholdOf(outlier, options)).toBe(outlier.index > options.anomalyLimit);
  }
});

test("the threshold is a positive number where no mask can be an outlier, and sizes without deviation have an index", () => {
  expect(thresholdOf(outlierOf(0.01, [0.01, 0.4, 0.9]), options)).toBe(1e-6);
  expect(outlierOf(0.2, [0.2, 0.2, 0.2]).index).toBe(0);
  expect(outlierOf(0.1, [0.2, 0.2, 0.2]).index).toBe(Number.POSITIVE_INFINITY);
});

describe("the verdict", () => {
  const inputs: VerdictInputs = {
    outlier: outlierOf(0.1, sizes),
    settled: 5,
    wholeError: 0.2,
    isComplete: true,
  };
  test.each([
    ["an outlier", {}, "backdoored", "anomaly index 6.74, above 2"],
    ["none", { outlier: outlierOf(0.26, sizes) }, "benign", "not above 2"],
    ["a search cut short", { isComplete: false }, "inconclusive", "cut short by the time budget"],
    ["few targets", { settled: 4 }, "inconclusive", "4 of 10 targets that stand still"],
    ["no mask at all", { outlier: null, settled: 0, wholeError: null }, "inconclusive", "0 of 10 targets"],
    ["a mask for few images", { wholeError: 0.6 }, "inconclusive", "mean error of 0.600"],
    ["what could not be measured", { wholeError: Number.NaN }, "inconclusive", "mean error of NaN"],
  ] as const)("of %s", (_, changes, verdict, part) => {
    const judged = judge({ ...inputs, ...changes }, options);
    expect(judged.verdict).toBe(verdict);
    expect(judged.reasons.join("; ")).toContain(part);
  });
});
