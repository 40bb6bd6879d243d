import { expect, test } from "vitest";
import { families } from "../../src/identification/families/families.ts";
import type { ImageShape } from "../../src/identification/families/family.ts";
import { mostDimensions, mostResponses } from "../../src/report/result.ts";
import { drawEvidence, drawTrigger, shortResponses } from "../../src/workflows/evidence.ts";

/** A "PNG" that can be read back: the shape, and pixels in hundredths. */
const encodePng = async (pixels: Float32Array, shape: ImageShape): Promise<Uint8Array> =>
  Uint8Array.from([...shape, ...Array.from(pixels, (value) => Math.round(100 * value))]);
const decoded = (url: string): number[] => [
  ...Buffer.from(url.slice("data:image/png;base64,".length), "base64"),
];

test("evidence holds pictures, and how large the change is: the root of (0.5² + 0.25²) / 3", async () => {
  const drawn = await drawEvidence(
    {
      name: "a.png",
      shape: [1, 1, 3],
      clean: Float32Array.of(0.5, 0.25, 1),
      reversed: Float32Array.of(0.5, 0.75, 0.75),
      attention: Float32Array.of(0.1, 0.2, 0.3),
      cleanOutput: [1],
      reversedOutput: [2],
    },
    encodePng,
  );
  expect(drawn.meanChange).toBe(0.32275);
  expect([drawn.clean, drawn.reversed, drawn.difference, drawn.attention!].map(decoded)).toEqual([
    [1, 1, 3, 50, 25, 100],
    [1, 1, 3, 50, 75, 75],
    // 0.5 + half of 0, 0.5 and -0.25.
    [1, 1, 3, 50, 75, 38],
    [1, 1, 3, 10, 20, 30],
  ]);
});

test("a patch has pictures, a warp has a field", async () => {
  const shape: ImageShape = [1, 2, 2];
  const theta = Float32Array.of(0, 0, 100, -100, 100, -100, 0, 0);
  const patch = await drawTrigger({ family: "patch", theta }, shape, encodePng);
  expect(patch.displacement).toBeUndefined();
  expect(patch.pictures!.map(({ name, picture }) => [name, decoded(picture)])).toEqual([
    ["mask", [1, 2, 2, 50, 50, 100, 0]],
    ["pattern", [1, 2, 2, 100, 0, 50, 50]],
    ["on gray", [1, 2, 2, 75, 25, 50, 50]],
  ]);
  const field = new Float32Array(families.warp.length(shape)).fill(100);
  const warp = await drawTrigger({ family: "warp", theta: field }, shape, encodePng);
  const { side, x, y } = warp.displacement!;
  // 3 px at 64 px is the most: 0.09375 at 2 px.
  expect([side * side, new Set(x), new Set(y)]).toEqual([x.length, new Set([0.09375]), new Set([0.09375])]);
});

test("responses are those of the first images and dimensions, rows in order, angles in degrees", () => {
  const [count, dimension, angleCount] = [mostResponses + 3, mostDimensions + 1, 2];
  const outputs = Float32Array.from({ length: count * dimension }, (_, i) => i);
  const angles = Float32Array.from({ length: count * angleCount }, (_, i) => (i * Math.PI) / 180);
  const clean = { outputs, angles };
  const reversed = { outputs: outputs.map((value) => -value), angles };
  const kept = shortResponses({ clean, reversed, dimension, angleCount }, count);
  expect(kept.images).toBe(mostResponses);
  expect(kept.outputs.clean).toHaveLength(mostResponses);
  expect(kept.outputs.clean[1]).toEqual([9, 10, 11, 12, 13, 14, 15, 16]);
  expect(kept.outputs.reversed[2]).toEqual([-18, -19, -20, -21, -22, -23, -24, -25]);
  expect(kept.angles.clean.slice(0, 2)).toEqual([
    [0, 1],
    [2, 3],
  ]);
  const few = shortResponses({ clean, reversed, dimension, angleCount }, 4);
  expect([few.images, few.angles.reversed.length]).toEqual([4, 4]);
});
