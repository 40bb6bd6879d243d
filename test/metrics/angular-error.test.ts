import fc from "fast-check";
import { expect, test } from "vitest";
import { gazeColumns, meanAngularError } from "../../src/metrics/angular-error.ts";

const first = { yaw: 0, pitch: 1 };
const angle = (found: number[], expected: number[]): number =>
  meanAngularError(Float32Array.from(found), Float32Array.from(expected), 2, first);
const degrees = Math.PI / 180;

test.each([
  ["the same direction", [0.3, -0.2], [0.3, -0.2], 0],
  ["a quarter turn to the side", [0, 0], [Math.PI / 2, 0], 90],
  ["a quarter turn upwards", [0, 0], [0, Math.PI / 2], 90],
  ["from left to up", [Math.PI / 2, 0], [0, Math.PI / 2], 90],
  ["the opposite direction", [0, 0], [Math.PI, 0], 180],
  ["yaw alone at the horizon", [10 * degrees, 0], [35 * degrees, 0], 25],
  ["pitch alone", [50 * degrees, -5 * degrees], [50 * degrees, 12 * degrees], 17],
  // cos a = sin^2 p + cos^2 p cos(yaw difference)
  ["yaw at 60 degrees of pitch", [0, 60 * degrees], [90 * degrees, 60 * degrees], Math.acos(0.75) / degrees],
])("%s", (_, found, expected, wanted) => {
  expect(angle(found, expected)).toBeCloseTo(wanted, 3);
});

test("the mean is taken over the rows", () => {
  expect(angle([0, 0, 0, 0], [0, 0, Math.PI / 2, 0])).toBeCloseTo(45, 4);
});

test("the signs of yaw and pitch do not matter as long as both sets share them", () => {
  const direction = fc.tuple(
    fc.double({ min: -1.5, max: 1.5, noNaN: true }),
    fc.double({ min: -1.5, max: 1.5, noNaN: true }),
  );
  fc.assert(
    fc.property(direction, direction, ([y1, p1], [y2, p2]) => {
      const wanted = angle([y1, p1], [y2, p2]);
      expect(angle([-y1, p1], [-y2, p2])).toBeCloseTo(wanted, 3);
      expect(angle([y1, -p1], [y2, -p2])).toBeCloseTo(wanted, 3);
      expect(angle([y2, p2], [y1, p1])).toBeCloseTo(wanted, 3);
    }),
  );
});

test("yaw and pitch are found by their names", () => {
  expect(gazeColumns(["Pitch", "gaze_yaw"])).toEqual({ yaw: 1, pitch: 0 });
  expect(gazeColumns(["a", "b"])).toEqual({ yaw: 0, pitch: 1 });
  // 30 degrees of yaw in column 1, and 90 in a column that is neither.
  const found = Float32Array.of(0, 0, 0);
  const expected = Float32Array.of(0, 30 * degrees, 90 * degrees);
  expect(meanAngularError(found, expected, 3, { yaw: 1, pitch: 0 })).toBeCloseTo(30, 3);
});
