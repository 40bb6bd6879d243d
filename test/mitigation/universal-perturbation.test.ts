/** Perturbations of triggers, in closed form. */
import { describe, expect, test } from "vitest";
import type { ImageSet } from "../../src/data/image-set.ts";
import { climbed, perturbationBounds, perturbed } from "../../src/mitigation/universal-perturbation.ts";

const each = 4;
const clean: ImageSet = {
  shape: [2, 1, 2, 2],
  pixels: Float32Array.of(0.5, 0.5, 0.5, 0.5, 0.1, 0.2, 0.3, 0.4),
  labels: null,
  labelNames: [],
  names: ["0", "1"],
};
/** One changes the first pixel alone, the other the last one by 0.2 and 0.4. */
const triggered = [
  Float32Array.of(1, 0.5, 0.5, 0.5, 1, 0.2, 0.3, 0.4),
  Float32Array.of(0.5, 0.5, 0.5, 0.7, 0.1, 0.2, 0.3, 0),
];
const bounds = perturbationBounds({ clean, triggered }, 2);
const close = (found: Float32Array, expected: readonly number[]): void => {
  expect(found).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    expect(found[i]).toBeCloseTo(value, 6);
  });
};

describe("a perturbation of a trigger", () => {
  test("may go as far as its trigger changes images there on average, times the reach, and nowhere else", () => {
    close(bounds.most, [2 * 0.7, 0, 0, 0, 0, 0, 0, 2 * 0.3]);
    expect(bounds.isPerturbed).toEqual([true, true]);
    const none = perturbationBounds({ clean, triggered }, 0);
    expect(none.most.every((value) => value === 0)).toBe(true);
    expect(none.isPerturbed).toEqual([false, false]);
  });

  test("has no room where its trigger is spread over the image", () => {
    const spread = [clean.pixels.map((value) => value + 0.1), triggered[0]!];
    const { most, isPerturbed } = perturbationBounds({ clean, triggered: spread }, 2);
    close(most, [0, 0, 0, 0, 2 * 0.7, 0, 0, 0]);
    expect(isPerturbed).toEqual([false, true]);
  });

  test("is added to the rows of its own trigger alone, which stay pictures", () => {
    const perturbation = Float32Array.of(-0.2, 0, 0, 0, 0, 0, 0, 0.5);
    close(perturbed(clean.pixels, [null, 1], perturbation, bounds), [...clean.pixels.subarray(0, 7), 0.9]);
    close(perturbed(clean.pixels, [0, 0], perturbation, bounds), [0.3, 0.5, 0.5, 0.5, 0, 0.2, 0.3, 0.4]);
  });

  test("moves to where the loss of all its rows together rises, and not beyond its bound", () => {
    const nothing = new Float32Array(2 * each);
    // Rows of the first trigger disagree on the first pixel, and 3 outweighs -2; the second has no row.
    const gradient = Float32Array.of(-2, 1, 1, 1, 3, 1, 1, 1);
    const once = climbed(nothing, gradient, [0, 0], bounds);
    close(once, [0.1 * 1.4, 0, 0, 0, 0, 0, 0, 0]);
    const back = climbed(
      once,
      gradient.map((value) => -value),
      [0, 0],
      bounds,
    );
    close(back, Array(2 * each).fill(0));
    let many: Float32Array = nothing;
    for (let step = 0; step < 30; step++) many = climbed(many, gradient, [null, 1], bounds);
    close(many, [0, 0, 0, 0, 0, 0, 0, 0.6]);
  });
});
