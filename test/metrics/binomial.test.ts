import fc from "fast-check";
import { expect, test } from "vitest";
import { clopperPearson } from "../../src/metrics/binomial.ts";

// scipy 1.17.1: beta.ppf(a / 2, k, n - k + 1) and beta.ppf(1 - a / 2, k + 1, n - k).
test.each([
  [0, 10, 0.95, 0, 0.3084971078187607],
  [10, 10, 0.95, 0.6915028921812392, 1],
  [19, 20, 0.95, 0.7512672372279723, 0.9987349105020502],
  [1, 3, 0.95, 0.008403758659612643, 0.9057006759497539],
  [7, 10, 0.95, 0.34754714994000274, 0.9332604888222655],
  [54, 60, 0.95, 0.7949422632919361, 0.962408730891434],
  [5, 18, 0.9, 0.11642559165289149, 0.4978282494544407],
  [900, 1000, 0.95, 0.8797120634813074, 0.91789466564442],
  [1, 2000, 0.99, 2.506267771077825e-6, 0.0037090983904222346],
])("%d of %d at %d has the interval of scipy", (successes, count, confidence, low, high) => {
  const found = clopperPearson(successes, count, confidence);
  expect(found.value).toBe(successes / count);
  expect(found.low).toBeCloseTo(low, 9);
  expect(found.high).toBeCloseTo(high, 9);
});

test("none and all have closed forms", () => {
  for (const n of [1, 2, 7, 50]) {
    expect(clopperPearson(0, n).high).toBeCloseTo(1 - 0.025 ** (1 / n), 10);
    expect(clopperPearson(n, n).low).toBeCloseTo(0.025 ** (1 / n), 10);
  }
});

test("nothing counted is no number between 0 and 1", () => {
  expect(clopperPearson(0, 0)).toEqual({ value: Number.NaN, low: 0, high: 1 });
});

test("the interval holds the part that was counted, and turns round with it", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, part) => {
      const k = Math.round(n * part);
      const { low, high } = clopperPearson(k, n);
      expect(low).toBeLessThanOrEqual(k / n);
      expect(high).toBeGreaterThanOrEqual(k / n);
      const other = clopperPearson(n - k, n);
      expect(1 - other.high).toBeCloseTo(low, 9);
    }),
    { numRuns: 50 },
  );
});
