/** A rise of a mean, and its interval. */
import { describe, expect, test } from "vitest";
import { relativeRise } from "../../src/metrics/relative-rise.ts";
import { createRandom } from "../../src/random.ts";

describe("a rise", () => {
  test("of four pairs is what it is by hand", () => {
    const { rise, interval } = relativeRise(Float64Array.of(1, 2, 3, 4), Float64Array.of(1.5, 2, 3.5, 5));
    expect(rise).toBeCloseTo(0.2, 12);
    // Residuals 0.3, -0.4, -0.1, 0.2: their squares sum up to 0.3; t of 3 degrees of freedom at 0.975 is 3.18245.
    const half = (3.182_446 * Math.sqrt(0.3 / 12)) / 2.5;
    expect(interval![0]).toBeCloseTo(0.2 - half, 6);
    expect(interval![1]).toBeCloseTo(0.2 + half, 6);
  });

  test("of all by the same part is certain, whatever images have", () => {
    const before = Float64Array.of(1, 5, 20);
    const { rise, interval } = relativeRise(
      before,
      before.map((value) => 1.1 * value),
    );
    expect([rise, ...interval!].map((part) => part.toFixed(9))).toEqual(Array(3).fill("0.100000000"));
  });

  test("from nothing, and of one image, has no interval", () => {
    const none = Float64Array.of(0, 0);
    expect(relativeRise(none, none)).toEqual({ rise: 0, interval: null });
    expect(relativeRise(none, Float64Array.of(0, 1))).toEqual({ rise: Infinity, interval: null });
    expect(relativeRise(Float64Array.of(2), Float64Array.of(3))).toEqual({ rise: 0.5, interval: null });
  });

  test("of images that are drawn lies in its interval as often as it says", () => {
    const random = createRandom(11);
    const trials = 1000;
    let within = 0;
    for (let trial = 0; trial < trials; trial++) {
      // Errors as they are: never negative, and skewed; 75 of them, which rise by 8 % on average, by other parts each.
      const before = Float64Array.from({ length: 75 }, () => 3 * Math.abs(random.normal()) + 0.5);
      const after = before.map((value) => Math.max(0, value * (1.08 + 0.5 * random.normal())));
      const { interval } = relativeRise(before, after);
      const truth = expectedRise;
      if (interval![0] <= truth && truth <= interval![1]) within++;
    }
    expect(within / trials).toBeGreaterThan(0.92);
    expect(within / trials).toBeLessThan(0.975);
  });
});

/** E max(0, X) / 1 - 1 of X normal with mean 1.08 and deviation 0.5: mean Phi(z) + deviation phi(z) at z = 2.16. */
const expectedRise = 1.08 * 0.984_614 + 0.5 * 0.038_707 - 1;
