import { expect, test } from "vitest";
import { lowerPredictionBound, studentQuantile } from "../../src/metrics/prediction-interval.ts";
import { createRandom } from "../../src/random.ts";

// Printed tables of Student's t.
test.each([
  [0.99, 1, 31.821],
  [0.99, 2, 6.965],
  [0.99, 3, 4.541],
  [0.99, 4, 3.747],
  [0.99, 9, 2.821],
  [0.99, 30, 2.457],
  [0.95, 5, 2.015],
  [0.975, 120, 1.98],
])("the quantile at %d of %d degrees of freedom is %d", (probability, degrees, printed) => {
  expect(studentQuantile(probability, degrees)).toBeCloseTo(printed, 3);
});

test("one and two degrees of freedom have quantiles in closed form", () => {
  for (const p of [0.6, 0.9, 0.99, 0.999]) {
    expect(studentQuantile(p, 1) / Math.tan(Math.PI * (p - 0.5))).toBeCloseTo(1, 9);
    expect(studentQuantile(p, 2) / ((2 * p - 1) * Math.sqrt(1 / (2 * p * (1 - p))))).toBeCloseTo(1, 9);
  }
  expect(studentQuantile(0.5, 7)).toBeCloseTo(0, 9);
});

test("the bound is mean - t s sqrt(1 + 1/n)", () => {
  // Mean 2, s = 1, n = 3, and t of two degrees of freedom in closed form.
  const t = 0.98 / Math.sqrt(0.0198);
  expect(lowerPredictionBound([1, 2, 3], 0.99)).toBeCloseTo(2 - t * Math.sqrt(4 / 3), 9);
  expect(lowerPredictionBound([11, 12, 13], 0.99)).toBeCloseTo(12 - t * Math.sqrt(4 / 3), 9);
});

test("one more value lies below it as often as it should", () => {
  const random = createRandom(5);
  const rounds = 20_000;
  let below = 0;
  for (let i = 0; i < rounds; i++) {
    const [next, ...values] = Array.from({ length: 5 }, () => 3 + 2 * random.normal());
    if (next! < lowerPredictionBound(values, 0.95)) below++;
  }
  // 5 % of 20,000 has a standard deviation of 31.
  expect(Math.abs(below - 0.05 * rounds)).toBeLessThan(4 * 31);
});
