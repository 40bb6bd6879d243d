import fc from "fast-check";
import { expect, test } from "vitest";
import { gazeAngles, headAngles } from "../../../src/data/datasets/directions.ts";

const angle = (most: number): fc.Arbitrary<number> => fc.double({ min: -most, max: most, noNaN: true });

test("gaze angles are those that the direction was made of", () => {
  fc.assert(
    fc.property(
      angle(3),
      angle(1.5),
      fc.double({ min: 0.1, max: 1e4, noNaN: true }),
      (yaw, pitch, length) => {
        const direction = [
          -Math.cos(pitch) * Math.sin(yaw),
          -Math.sin(pitch),
          -Math.cos(pitch) * Math.cos(yaw),
        ];
        const [foundYaw, foundPitch] = gazeAngles(
          direction.map((value) => value * length) as [number, number, number],
        );
        expect(foundYaw).toBeCloseTo(yaw, 8);
        expect(foundPitch).toBeCloseTo(pitch, 6);
      },
    ),
  );
});

test("a rotation vector gives the angles of its third column", () => {
  fc.assert(
    fc.property(fc.tuple(angle(1), angle(1), angle(1)), (k) => {
      // exp([k]x) applied to (0, 0, 1), by its series.
      let term = [0, 0, 1];
      let sum = [0, 0, 1];
      for (let n = 1; n < 40; n++) {
        const [x, y, z] = term as [number, number, number];
        term = [k[1] * z - k[2] * y, k[2] * x - k[0] * z, k[0] * y - k[1] * x].map((value) => value / n);
        sum = sum.map((value, i) => value + term[i]!);
      }
      const [yaw, pitch] = headAngles(k);
      expect(yaw).toBeCloseTo(Math.atan2(sum[0]!, sum[2]!), 8);
      expect(pitch).toBeCloseTo(Math.asin(Math.min(1, Math.max(-1, sum[1]!))), 6);
    }),
  );
  expect(headAngles([0, 0, 0])).toEqual([0, 0]);
});
