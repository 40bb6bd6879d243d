import fc from "fast-check";
import { expect, test } from "vitest";
import {
  classErrorMeasure,
  type ErrorMeasure,
  errorMeasureFor,
  meanRegressionError,
  regressionErrors,
} from "../../src/metrics/regression-error.ts";

const degree = Math.PI / 180;
const gaze = errorMeasureFor(["pitch", "yaw"], "radians");
const headPose = errorMeasureFor(["yaw", "pitch", "roll"], "radians");

/** Where a gaze of yaw and pitch points to, as spherical coordinates have it. */
const pointing = (yaw: number, pitch: number): number[] => [
  Math.cos(pitch) * Math.sin(yaw),
  Math.sin(pitch),
  Math.cos(pitch) * Math.cos(yaw),
];

/** The angle between two vectors in degrees, by their product and cross product: exact for small angles, too. */
function angleBetween(a: readonly number[], b: readonly number[]): number {
  const cross = [0, 1, 2].map((i) => a[(i + 1) % 3]! * b[(i + 2) % 3]! - a[(i + 2) % 3]! * b[(i + 1) % 3]!);
  const product = a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  return Math.atan2(Math.hypot(...cross), product) / degree;
}

test.each([
  [["yaw", "pitch"], "radians", "angular", "degrees"],
  [["pitch", "yaw"], "radians", "angular", "degrees"],
  [["yaw", "pitch", "roll"], "radians", "l1", "degrees"],
  [["yaw", "roll"], "radians", "l1", "degrees"],
  [["yaw", "pitch"], "as given", "l1", "as given"],
  [["angle"], "as given", "l1", "as given"],
] as const)("%o in %s have the %s error in %s", (names, unit, kind, errorUnit) => {
  expect(errorMeasureFor(names, unit)).toEqual({ kind, unit: errorUnit, names });
});

test("the error of gaze is the angle between directions in space, wherever yaw stands", () => {
  const angle = fc.double({ min: -1.5, max: 1.5, noNaN: true });
  fc.assert(
    fc.property(angle, angle, angle, angle, (yaw, pitch, yaw2, pitch2) => {
      const [error] = regressionErrors(Float32Array.of(pitch, yaw), Float32Array.of(pitch2, yaw2), gaze);
      const expected = angleBetween(pointing(yaw, pitch), pointing(yaw2, pitch2));
      // Float32 angles are off by 1e-7, and acos near 1 by the root of it.
      expect(Math.abs(error! - expected)).toBeLessThan(0.03);
    }),
  );
});

test("of a classifier it is the percentage of images whose largest score is another class's", () => {
  const measure = classErrorMeasure(["a", "b", "c"]);
  const scores = Float32Array.of(0.1, 5, 0.2, -3, -2, -1, 9, 0, 8, 1, 2, 3);
  const labels = Float32Array.of(0, 1, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0);
  expect([...regressionErrors(scores, labels, measure)]).toEqual([0, 0, 100, 100]);
  expect(meanRegressionError(scores, labels, measure)).toBe(50);
  // To one class: what an attack wants of all images.
  expect(meanRegressionError(scores, Float32Array.of(0, 0, 1), measure)).toBe(50);
});

test("other angles have the mean of their differences, in degrees", () => {
  const found = Float32Array.of(0.1, 0.2, -0.3, 1, 1, 1);
  const expected = Float32Array.of(0.1 + 3 * degree, 0.2 - 6 * degree, -0.3, 1, 1, 1 + 30 * degree);
  const errors = regressionErrors(found, expected, headPose);
  expect(errors[0]!).toBeCloseTo(3, 4);
  expect(errors[1]!).toBeCloseTo(10, 4);
  expect(meanRegressionError(found, expected, headPose)).toBeCloseTo(6.5, 4);
});

test("numbers without a unit stay as they are, and one vector is compared with all", () => {
  const measure: ErrorMeasure = errorMeasureFor(["x", "y"], "as given");
  const found = Float32Array.of(1, 2, 5, 5, 1, 1);
  expect([...regressionErrors(found, Float32Array.of(1, 1), measure)]).toEqual([0.5, 4, 0]);
  expect(meanRegressionError(found, Float32Array.of(1, 1), measure)).toBe(1.5);
});
