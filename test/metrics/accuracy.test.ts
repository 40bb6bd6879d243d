import { expect, test } from "vitest";
import { accuracyOf, accuracyWarning, classesOf, commonestOf } from "../../src/metrics/accuracy.ts";
import { totalVarianceRatio } from "../../src/metrics/statistics.ts";

test("a class is the place of the largest score, the first of several", () => {
  expect(classesOf(Float32Array.of(0, 2, 1, -3, -2, -5, 4, 4, 0), 3)).toEqual([1, 1, 0]);
});

test("the commonest number is the one that is there most often, the smallest of several", () => {
  expect(commonestOf([3, 1, 3, 2])).toEqual({ value: 3, share: 0.5 });
  expect(commonestOf([2, 1, 2, 1, 0])).toEqual({ value: 1, share: 0.4 });
});

test("accuracy is the part of images with the labelled class, beside that of the most frequent label", () => {
  const scores = Float32Array.of(1, 0, 1, 0, 0, 1, 1, 0);
  expect(accuracyOf(scores, Float32Array.of(0, 0, 1, 1), 2)).toEqual({
    accuracy: 0.75,
    accuracyOfCommonest: 0.5,
  });
});

test("a classifier that is right no more often than the most frequent label is warned of", () => {
  expect(accuracyWarning({ accuracy: 0.9, accuracyOfCommonest: 0.4 })).toBeNull();
  expect(accuracyWarning({ accuracy: 0.4, accuracyOfCommonest: 0.4 })).toContain(
    "right on 40 % of the images",
  );
});

test("the total variance ratio is that of sums, whatever a single column does", () => {
  // Variances 1 and 0 before, 0.25 and 0.25 after.
  const before = Float32Array.of(1, 5, -1, 5);
  const after = Float32Array.of(0.5, 0.5, -0.5, -0.5);
  expect(totalVarianceRatio(after, before, 2)).toBeCloseTo(0.5, 6);
});
