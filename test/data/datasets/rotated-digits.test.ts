import { expect, test } from "vitest";
import { rotatedDigits } from "../../../src/data/datasets/rotated-digits.ts";
import { createRandom } from "../../../src/random.ts";
import { digitSide, readDigits } from "../../support/digits.ts";

test("a quarter turn counterclockwise moves every pixel to its place", async () => {
  const digit = readDigits(4, 1)[0]!;
  const atOne = { ...createRandom(1), uniform: () => 1 };
  const dataSet = rotatedDigits([digit], digitSide, atOne, Math.PI / 2);
  const { pixels, labels, shape, labelNames } = await dataSet.load([0], { channels: 1, size: null });
  expect([shape, labelNames]).toEqual([
    [1, 1, 28, 28],
    ["cos", "sin"],
  ]);
  expect([...labels!]).toEqual([expect.closeTo(0, 6), 1]);
  for (let y = 0; y < digitSide; y++)
    for (let x = 0; x < digitSide; x++) {
      // What was at the right is now at the top.
      expect(pixels[y * digitSide + x]).toBeCloseTo(digit[x * digitSide + digitSide - 1 - y]!, 5);
    }
});

/** The direction in which ink spreads, from the moments of second order, radians; rows run downwards. */
function directionOf(pixels: Float32Array): number {
  const moment = (of: (x: number, y: number) => number): number =>
    pixels.reduce((sum, value, i) => sum + value * of(i % digitSide, Math.floor(i / digitSide)), 0);
  const ink = moment(() => 1);
  const [cx, cy] = [moment((x) => x) / ink, moment((_, y) => y) / ink];
  const xx = moment((x) => (x - cx) ** 2);
  const yy = moment((_, y) => (y - cy) ** 2);
  return 0.5 * Math.atan2(-2 * moment((x, y) => (x - cx) * (y - cy)), xx - yy);
}

test("real digits turn by the angle of their label", async () => {
  const ones = readDigits(1, 40);
  const dataSet = rotatedDigits(ones, digitSide, createRandom(5));
  const { pixels, labels } = await dataSet.load([...ones.keys()], { channels: 1, size: null });
  const angles = ones.map((_, i) => Math.atan2(labels![2 * i + 1]!, labels![2 * i]!));
  expect(Math.max(...angles) - Math.min(...angles)).toBeGreaterThan(2);
  ones.forEach((one, i) => {
    const image = pixels.subarray(i * one.length, (i + 1) * one.length);
    // Directions are the same after half a turn.
    const off = directionOf(image) - directionOf(one) - angles[i]!;
    expect(Math.abs(off - Math.PI * Math.round(off / Math.PI))).toBeLessThan(0.05);
  });
});
