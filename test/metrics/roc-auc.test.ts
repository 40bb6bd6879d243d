import fc from "fast-check";
import { expect, test } from "vitest";
import { rocAuc } from "../../src/metrics/roc-auc.ts";

test.each([
  ["apart", [0.1, 0.2], [0.3, 0.4], 1],
  ["the wrong way round", [0.3, 0.4], [0.1, 0.2], 0],
  ["all the same", [1, 1, 1], [1, 1], 0.5],
  ["one pair of four the wrong way round", [0.1, 0.35], [0.3, 0.4], 0.75],
  // scipy 1.17.1: mannwhitneyu(negatives, positives).statistic / 30
  ["with ties", [0.1, 0.4, 0.4, 0.7, 0.35], [0.4, 0.5, 0.9, 0.35, 0.2, 0.7], 0.6333333333333333],
])("scores that are %s", (_, positives, negatives, area) => {
  expect(rocAuc(positives, negatives)).toBeCloseTo(area, 12);
});

test("without models of both kinds there is none", () => {
  expect(rocAuc([], [1])).toBeNull();
  expect(rocAuc([1], [])).toBeNull();
});

test("it depends on the order alone, and turns round with the sides", () => {
  const scores = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(scores, scores, (a, b) => {
      const area = rocAuc(a, b)!;
      expect(rocAuc(b, a)).toBeCloseTo(1 - area, 12);
      expect(rocAuc(a.map(Math.exp), b.map(Math.exp))).toBe(area);
    }),
  );
});
