/** What reports show of a trigger is what it does to images. */
import { expect, test } from "vitest";
import { families } from "../../../src/identification/families/families.ts";
import {
  type ImageShape,
  type TriggerFamily,
  visibleScale,
} from "../../../src/identification/families/family.ts";
import { applyReversedTrigger } from "../../../src/identification/reversed-trigger.ts";
import { createRandom } from "../../../src/random.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";

const shape: ImageShape = [3, 8, 16];
const area = shape[1] * shape[2];
const count = 2;
const pixels = Float32Array.from({ length: count * 3 * area }, (_, i) => ((i * 37) % 101) / 101);

/** The images under a trigger. */
const applied = (family: TriggerFamily, theta: Float32Array, images = pixels): Promise<Float32Array> =>
  applyReversedTrigger(
    nodeRuntime({ threads: 1 }),
    { family: family.name as keyof typeof families, theta },
    { pixels: images, shape: [images.length / (3 * area), ...shape] },
  );
const furthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
const random = (family: TriggerFamily): Float32Array =>
  Float32Array.from({ length: family.length(shape) }, () => stream.normal());
const stream = createRandom(3);

test("mask and pattern give the images that a patch gives, and on gray is a gray image under it", async () => {
  const theta = random(families.patch);
  const [mask, pattern, onGray] = families.patch.parts(theta, shape).pictures;
  expect([mask, pattern, onGray].map((each) => [each!.name, each!.shape, each!.scale])).toEqual([
    ["mask", [1, 8, 16], 1],
    ["pattern", [3, 8, 16], 1],
    ["on gray", [3, 8, 16], 1],
  ]);
  const composed = pixels.map((x, i) => x + mask!.pixels[i % area]! * (pattern!.pixels[i % (3 * area)]! - x));
  expect(furthest(await applied(families.patch, theta), composed)).toBeLessThan(1e-5);
  const gray = new Float32Array(3 * area).fill(0.5);
  expect(furthest(await applied(families.patch, theta, gray), onGray!.pixels)).toBeLessThan(1e-5);
});

test.each(["additive", "wave"] as const)(
  "the picture of a trigger of the family %s is its change, as large as can be shown",
  async (name) => {
    const theta = random(families[name]).map((value) => 0.3 * value);
    const { pictures } = families[name].parts(theta, shape);
    const { scale, pixels: shown } = pictures[0]!;
    const gray = new Float32Array(3 * area).fill(0.5);
    const change = (await applied(families[name], theta, gray)).map((value) => value - 0.5);
    expect(
      furthest(
        shown.map((value) => (2 * (value - 0.5)) / scale),
        change,
      ),
    ).toBeLessThan(1e-5);
    expect([Math.min(...shown) >= 0, Math.max(...shown) <= 1]).toEqual([true, true]);
    expect(scale).toBeGreaterThan(1);
  },
);

test("a warp takes pixels from where its field says, along both axes", async () => {
  const { warp } = families;
  const knots = warp.length(shape) / 2;
  // Half of the largest displacement to the right, a quarter of it up, everywhere.
  const theta = Float32Array.from({ length: 2 * knots }, (_, i) => Math.atanh(i < knots ? 0.5 : -0.25));
  const { pictures, displacement } = warp.parts(theta, shape);
  expect(pictures).toEqual([]);
  const { side, x, y } = displacement!;
  expect([side * side, x.length, y.length]).toEqual([knots, knots, knots]);
  const reversed = await applied(warp, theta, pixels.subarray(0, 3 * area));
  const [height, width] = [shape[1], shape[2]];
  const sample = (channel: number, row: number, column: number): number => {
    const [top, left] = [Math.floor(row), Math.floor(column)];
    const at = (r: number, c: number): number => pixels[channel * area + r * width + c]!;
    const [down, right] = [row - top, column - left];
    return (
      (1 - down) * ((1 - right) * at(top, left) + right * at(top, left + 1)) +
      down * ((1 - right) * at(top + 1, left) + right * at(top + 1, left + 1))
    );
  };
  for (let row = 1; row < height - 1; row++) {
    for (let column = 1; column < width - 2; column++) {
      const found = reversed[area + row * width + column]!;
      expect(found).toBeCloseTo(sample(1, row + y[0]!, column + x[0]!), 4);
    }
  }
});

test("what is shown larger is shown as large as fits, in round factors", () => {
  expect([0, 0.02, 0.021, 0.1, 0.3, 0.5, 0.51, 1].map(visibleScale)).toEqual([50, 50, 20, 10, 2, 2, 1, 1]);
});
