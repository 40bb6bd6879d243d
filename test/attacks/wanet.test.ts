import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { applyNoise, applyTrigger, makeTrigger } from "../../src/attacks/trigger.ts";
import { type WanetTrigger, wanetGrid } from "../../src/attacks/wanet.ts";
import { readNpz } from "../../src/data/npz.ts";
import { createRandom, type Random } from "../../src/random.ts";
import { errorOf } from "../support/errors.ts";

/** Made by tools/make-attack-references.py with PyTorch's interpolate and grid_sample in double precision. */
const reference = await readNpz(readFileSync(new URL("../references/warp.npz", import.meta.url)), null);
const values = (name: string): Float32Array => reference.get(name)!.data as Float32Array;
const shape = [3, 24, 24] as const;
const trigger: WanetTrigger = { kind: "wanet", shape, strength: 2, side: 3, control: values("control") };

function worst(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a).toHaveLength(b.length);
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

test("the grid is PyTorch's, enlarged bicubically with aligned corners", () => {
  expect(worst(wanetGrid(trigger), values("grid"))).toBeLessThan(1e-6);
});

test("the warped images are PyTorch's", () => {
  const warped = applyTrigger(trigger, values("images"), shape);
  expect(worst(warped, values("warped"))).toBeLessThan(1e-5);
  // The warp is seen in the reference: not the identity twice.
  expect(worst(values("images"), values("warped"))).toBeGreaterThan(0.1);
});

test("noise moves every pixel of every image by its own draw, as PyTorch does with the same draws", () => {
  const draws = values("uniform");
  let drawn = 0;
  const replay = { uniform: () => draws[drawn++]! } as Random;
  expect(worst(applyNoise(trigger, values("images"), shape, replay), values("noisy"))).toBeLessThan(1e-5);
  expect(drawn).toBe(draws.length);
});

test.each([
  [224, 28],
  [112, 14],
  [64, 8],
  [32, 4],
])("at %i px it has %i control points a side, of mean size 1", (side, k) => {
  const made = makeTrigger("wanet", {}, [3, side, side], createRandom(1)) as WanetTrigger;
  expect(made.side).toBe(k);
  expect(made.control).toHaveLength(2 * k * k);
  const mean = made.control.reduce((sum, value) => sum + Math.abs(value), 0) / made.control.length;
  expect(mean).toBeCloseTo(1, 5);
});

test("strength 1 moves pixels by about 0.4 px on each axis, whatever the size", () => {
  for (const side of [32, 64, 112]) {
    const made = makeTrigger("wanet", {}, [3, side, side], createRandom(side)) as WanetTrigger;
    const still = wanetGrid({ ...made, strength: 0 });
    const grid = wanetGrid(made);
    const moved = grid.reduce((sum, place, i) => sum + Math.abs(place - still[i]!), 0) / grid.length;
    expect((moved / 2) * (side - 1)).toBeGreaterThan(0.3);
    expect((moved / 2) * (side - 1)).toBeLessThan(0.5);
  }
});

test("images that are not square are warped too, and a warp of nothing leaves them", () => {
  const made = makeTrigger("wanet", { cell: 4 }, [1, 12, 20], createRandom(3)) as WanetTrigger;
  const image = Float32Array.from({ length: 240 }, (_, i) => (i % 20) / 20);
  expect(worst(applyTrigger({ ...made, strength: 0 }, image, [1, 12, 20]), image)).toBeLessThan(1e-6);
  const ramp = applyTrigger(made, image, [1, 12, 20]);
  expect(worst(ramp, image)).toBeGreaterThan(0.001);
  expect(Math.max(...ramp)).toBeLessThanOrEqual(0.95 + 1e-6);
});

test.each([
  [{ strength: 0 }, "E_USAGE"],
  [{ cell: 30 }, "E_SHAPE"],
  [{ cell: 0.5 }, "E_SHAPE"],
])("a warp that is none is refused: %o", async (options, code) => {
  const error = await errorOf(() => makeTrigger("wanet", options, shape, createRandom(1)));
  expect(error.code).toBe(code);
});
