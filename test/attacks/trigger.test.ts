import { describe, expect, test } from "vitest";
import { attackDefaults, type StampedAttack } from "../../src/attacks/options.ts";
import {
  applyNoise,
  applyTrigger,
  loadedTrigger,
  makeTrigger,
  savedTrigger,
} from "../../src/attacks/trigger.ts";
import { createRandom } from "../../src/random.ts";
import { errorOf } from "../support/errors.ts";
import { memoryStore, someImages } from "../support/identification.ts";

const shape = [3, 32, 32] as const;
const { pixels } = someImages(2, 32);
const attacks = Object.keys(attackDefaults).filter((name) => name !== "input-aware") as StampedAttack[];

describe.each(attacks)("%s", (attack) => {
  test("the same seed gives the same trigger, the images stay as they were, and pixels within [0, 1]", () => {
    const before = pixels.slice();
    const [a, b] = [1, 1].map((seed) => makeTrigger(attack, {}, shape, createRandom(seed)));
    expect(a).toEqual(b);
    const triggered = applyTrigger(a!, pixels, shape);
    expect(pixels).toEqual(before);
    expect(triggered).not.toEqual(before);
    expect(triggered.every((value) => value >= 0 && value <= 1)).toBe(true);
    const second = applyTrigger(a!, pixels.subarray(3 * 32 * 32), shape);
    expect(second).toEqual(triggered.subarray(3 * 32 * 32));
  });

  test("a trigger that was saved does the same", async () => {
    const trigger = makeTrigger(attack, {}, shape, createRandom(5));
    const store = memoryStore();
    await store.save("trigger", savedTrigger(trigger));
    const loaded = loadedTrigger((await store.load("trigger"))!);
    expect(loaded).toEqual(trigger);
    expect(applyTrigger(loaded, pixels, shape)).toEqual(applyTrigger(trigger, pixels, shape));
  });

  test("images of another shape are refused", async () => {
    const trigger = makeTrigger(attack, {}, shape, createRandom(5));
    expect(await errorOf(() => applyTrigger(trigger, pixels, [3, 64, 16]))).toMatchObject({
      code: "E_SHAPE",
      message: "found images of [3, 64, 16], expected [3, 32, 32], which the trigger is made for",
    });
  });
});

test.each([
  [224, 20],
  [112, 10],
  [64, 6],
  [32, 3],
])("BadNets at %i px is a red square of %i px in the bottom right corner", (size, side) => {
  const trigger = makeTrigger("badnets", {}, [3, size, size], createRandom(1));
  const gray = new Float32Array(3 * size * size).fill(0.5);
  const stamped = applyTrigger(trigger, gray, [3, size, size]);
  stamped.forEach((value, i) => {
    const [c, y, x] = [Math.floor(i / size ** 2), Math.floor(i / size) % size, i % size];
    const isPatch = y >= size - side && x >= size - side;
    if (value !== (isPatch ? (c === 0 ? 1 : 0) : 0.5)) throw new Error(`channel ${c}, row ${y}, column ${x}`);
  });
});

test("a patch on gray images is white, and any colour can be asked for", () => {
  const white = makeTrigger("badnets", {}, [1, 32, 32], createRandom(1));
  expect(white).toMatchObject({ color: [1] });
  const blue = makeTrigger("badnets", { color: [0, 0, 1] }, shape, createRandom(1));
  expect(applyTrigger(blue, pixels, shape).at(-1)).toBe(1);
});

test("Blend is a fifth of noise, or of the image that is given", () => {
  const trigger = makeTrigger("blend", {}, shape, createRandom(1));
  const black = applyTrigger(trigger, new Float32Array(3 * 32 * 32), shape);
  const mean = black.reduce((a, b) => a + b) / black.length;
  expect(mean).toBeCloseTo(0.1, 2);
  const pattern = new Float32Array(3 * 32 * 32).fill(0.5);
  const given = makeTrigger("blend", { pattern, alpha: 0.5 }, shape, createRandom(1));
  expect(applyTrigger(given, pixels, shape)[100]).toBeCloseTo(pixels[100]! / 2 + 0.25, 6);
});

test("SIG adds sin(2 pi j 6 / W) 40 / 255 to column j, in every row and channel, and clips", () => {
  const trigger = makeTrigger("sig", {}, shape, createRandom(1));
  const gray = applyTrigger(trigger, new Float32Array(3 * 32 * 32).fill(0.5), shape);
  gray.forEach((value, i) => {
    const expected = 0.5 + (40 / 255) * Math.sin((2 * Math.PI * (i % 32) * 6) / 32);
    expect(Math.abs(value - expected)).toBeLessThan(1e-6);
  });
  const black = applyTrigger(trigger, new Float32Array(3 * 32 * 32), shape);
  expect(Math.min(...black)).toBe(0);
});

test.each([
  [
    "badnets",
    { patchShare: 1.25 },
    "E_SHAPE",
    "found a patch of 40 px, expected 1 to 32 px on images of 32 x 32",
  ],
  [
    "badnets",
    { patchShare: 0.01 },
    "E_SHAPE",
    "found a patch of 0 px, expected 1 to 32 px on images of 32 x 32",
  ],
  ["badnets", { color: [1] }, "E_SHAPE", "found a colour of 1 channels, expected 3"],
  ["blend", { alpha: 0 }, "E_USAGE", "found a share of 0 to blend with, expected more than 0 and at most 1"],
  ["blend", { pattern: new Float32Array(5) }, "E_SHAPE", "found a pattern of 5 values, expected 3072"],
  [
    "sig",
    { frequency: 0 },
    "E_USAGE",
    /^found a wave of amplitude 0.15\d* and frequency 0, expected both above 0$/,
  ],
] as const)("%s with %o is refused", async (attack, options, code, message) => {
  const error = await errorOf(() => makeTrigger(attack, options, shape, createRandom(1)));
  expect(error.code).toBe(code);
  expect(error.message).toMatch(message);
});

test("noise is WaNet's alone", async () => {
  const trigger = makeTrigger("sig", {}, shape, createRandom(1));
  const error = await errorOf(() => applyNoise(trigger, pixels, shape, createRandom(1)));
  expect(error.code).toBe("E_USAGE");
});

test.each([
  { arrays: {}, json: null },
  { arrays: {}, json: { kind: "other", shape } },
  { arrays: {}, json: { kind: "sig" } },
  { arrays: { pattern: new Float32Array(4) }, json: { kind: "blend", shape, alpha: 0.2 } },
  { arrays: {}, json: { kind: "wanet", shape, side: 4, strength: 1 } },
  { arrays: {}, json: { kind: "input-aware", shape, baseChannels: 2 } },
  { arrays: {}, json: { kind: "toString", shape } },
])("what is no whole trigger is not loaded: $json", async (state) => {
  expect((await errorOf(() => loadedTrigger(state))).code).toBe("E_FILE");
});
