import { expect, test } from "vitest";
import { backdoorMetrics, type ModelResponses } from "../../src/metrics/backdoor-metrics.ts";
import { errorMeasureFor } from "../../src/metrics/regression-error.ts";

const measure = errorMeasureFor(["x", "y"], "as given");
const responses = (
  outputs: readonly number[],
  angles: readonly number[],
  norms: readonly number[],
  headCount = 1,
): ModelResponses => ({
  outputs: Float32Array.from(outputs),
  angles: Float32Array.from(angles),
  norms: Float32Array.from(norms),
  angleCount: 2,
  headCount,
});

// Columns of angles: 0, 2, 4 and 1, 1, 4 have the variances 8/3 and 2; norms 3, 6, 9 have 6.
const clean = responses([0, 0, 1, 1, 2, 2], [0, 1, 2, 1, 4, 4], [3, 6, 9]);
// Columns 1, 1.5, 2 and 0, 0, 3: 1/6 and 2; norms 1, 2, 6: 14/3.
const poisoned = responses([3, 4, 3, 5, 4, 5], [1, 0, 1.5, 0, 2, 3], [1, 2, 6]);
const labels = Float32Array.of(0, 0, 1, 1, 2, 3);

test("errors to the target and to the truth, variances over those of clean images, and what the model says", () => {
  const metrics = backdoorMetrics(clean, poisoned, labels, [3, 5], measure);
  // |3-3| |4-5|, 0 0, 1 0: means of pairs 1/2, 0, 1/2.
  expect(metrics.attackError).toBeCloseTo(1 / 3, 6);
  // 3 4, 2 4, 2 2: 7/2, 3, 2.
  expect(metrics.defendingAttackError).toBeCloseTo(8.5 / 3, 6);
  expect(metrics.angleVarianceRatio).toBeCloseTo((1 / 6 / (8 / 3) + 1) / 2, 6);
  expect(metrics.normVarianceRatio).toBeCloseTo(14 / 3 / 6, 6);
  expect(metrics.meanOutput[0]).toBeCloseTo(10 / 3, 6);
  expect(metrics.meanOutput[1]).toBeCloseTo(14 / 3, 6);
});

test("of several heads the ratio of norms is the mean", () => {
  // Columns 0, 2 and 0, 4 have the variances 1 and 4; 0, 6 and 0, 2: 9 and 1.
  const two = (norms: number[]): ModelResponses => responses([0, 0, 0, 0], [0, 0, 1, 1], norms, 2);
  const metrics = backdoorMetrics(two([0, 0, 2, 4]), two([0, 0, 6, 2]), labels, [0, 0], measure);
  expect(metrics.normVarianceRatio).toBeCloseTo((9 + 1 / 4) / 2, 6);
  expect(metrics.angleVarianceRatio).toBeCloseTo(1, 6);
});

test("a model that does not react has ratios of 1, and one that says the target always an attack error of 0", () => {
  const same = backdoorMetrics(clean, clean, labels, [3, 5], measure);
  expect([same.angleVarianceRatio, same.normVarianceRatio]).toEqual([
    expect.closeTo(1, 6),
    expect.closeTo(1, 6),
  ]);
  const obedient = responses([3, 5, 3, 5, 3, 5], [1, 1, 1, 1, 1, 1], [2, 2, 2]);
  expect(backdoorMetrics(clean, obedient, labels, [3, 5], measure)).toMatchObject({
    attackError: 0,
    angleVarianceRatio: 0,
    normVarianceRatio: 0,
    meanOutput: [3, 5],
  });
});
