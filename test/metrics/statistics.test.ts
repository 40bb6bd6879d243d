import fc from "fast-check";
import { expect, test } from "vitest";
import { meanAbsoluteErrors } from "../../src/metrics/l1-error.ts";
import { columnMeans, columnVariances, meanVarianceRatio, percentile } from "../../src/metrics/statistics.ts";

const table = Float32Array.of(1, 10, 2, 10, 3, 10, 6, 10);

test("means, population variances and absolute errors are those of each column", () => {
  expect(columnMeans(table, 2)).toEqual([3, 10]);
  // ((-2)^2 + 1 + 0 + 3^2) / 4
  expect(columnVariances(table, 2)).toEqual([3.5, 0]);
  expect(meanAbsoluteErrors(table, new Float32Array(8), 2)).toEqual([3, 10]);
  expect(columnMeans(Float32Array.of(1, 3, 8), 1)).toEqual([4]);
});

test("scaling a column by s scales its variance ratio by s squared, and shifting it does nothing", () => {
  const first = Float32Array.of(1, 5, 2, -1, 4, 0);
  const moved = first.map((value, i) => (i % 2 === 0 ? 0.5 * value + 7 : value - 3));
  expect(meanVarianceRatio(moved, first, 2)).toBeCloseTo((0.25 + 1) / 2, 5);
  expect(meanVarianceRatio(first, first, 2)).toBeCloseTo(1, 6);
  expect(meanVarianceRatio(new Float32Array(6), first, 2)).toBe(0);
});

test.each([
  [0, 1],
  [25, 2],
  [50, 3],
  [62.5, 3.5],
  [100, 5],
])("percentile %d of 1 to 5 is %d", (percent, expected) => {
  expect(percentile([5, 3, 1, 4, 2], percent)).toBeCloseTo(expected, 10);
});

test("percentile 100 is the largest value, and of one value every percentile is that value", () => {
  fc.assert(
    fc.property(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }), (values) => {
      // -0 becomes 0.
      expect(percentile(values, 100)).toBe(Math.max(...values) + 0);
      expect(percentile([values[0]!], 37)).toBe(values[0]! + 0);
    }),
  );
});
