import { describe, expect, test } from "vitest";
import { applyCrossTrigger, applyTriggerTo } from "../../src/attacks/apply.ts";
import { maskNetwork, patternNetwork } from "../../src/attacks/input-aware/networks.ts";
import type { InputAwareTrigger } from "../../src/attacks/input-aware/trigger.ts";
import { applyTrigger, loadedTrigger, makeTrigger, savedTrigger } from "../../src/attacks/trigger.ts";
import { createRandom } from "../../src/random.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { newGeneratorState } from "../../src/training/generator-state.ts";
import { errorOf } from "../support/errors.ts";
import { memoryStore, someImages } from "../support/identification.ts";

const runtime = nodeRuntime({ threads: 1 });
const shape = [3, 16, 16] as const;
const size = 3 * 16 * 16;
const { pixels } = someImages(60, 16);
const pattern = newGeneratorState(patternNetwork(3, 2), createRandom(1));
const mask = newGeneratorState(maskNetwork(3, 2), createRandom(2));
const trigger: InputAwareTrigger = {
  kind: "input-aware",
  shape,
  baseChannels: 2,
  patternParameters: pattern.parameters,
  patternStatistics: pattern.statistics,
  maskParameters: mask.parameters,
  maskStatistics: mask.statistics,
};

/** max |a - b| */
const worst = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

describe("the input-aware trigger", () => {
  test("gives every image what it gives it alone, whatever the batch, and stays within [0, 1]", async () => {
    const all = await applyTriggerTo(runtime, trigger, pixels, shape);
    expect(all).toHaveLength(pixels.length);
    expect(all.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(worst(all, pixels)).toBeGreaterThan(0.01);
    for (const i of [0, 49, 50, 59]) {
      const alone = await applyTriggerTo(runtime, trigger, pixels.subarray(i * size, (i + 1) * size), shape);
      expect(worst(alone, all.subarray(i * size, (i + 1) * size))).toBeLessThan(1e-5);
    }
    expect(await applyTriggerTo(runtime, trigger, new Float32Array(0), shape)).toHaveLength(0);
  });

  test("of other images is what they would get, on these", async () => {
    const [own, other] = [pixels.subarray(0, size), pixels.subarray(size, 2 * size)];
    expect(await applyCrossTrigger(runtime, trigger, own, own, shape)).toEqual(
      await applyTriggerTo(runtime, trigger, own, shape),
    );
    // x + (p - x) m on two images with one p and m: what is left of their difference is 1 - m, in every channel.
    const onOwn = await applyCrossTrigger(runtime, trigger, own, other, shape);
    const onOther = await applyTriggerTo(runtime, trigger, other, shape);
    const left = onOwn.map((value, k) => (value - onOther[k]!) / (own[k]! - other[k]!));
    const isFar = (k: number): boolean => Math.abs(own[k]! - other[k]!) > 0.05;
    const places = Array.from({ length: 256 }, (_, k) => k).filter((k) => isFar(k) && isFar(k + 256));
    expect(places.length).toBeGreaterThan(10);
    for (const k of places) {
      expect(left[k]).toBeCloseTo(left[k + 256]!, 4);
      expect(left[k]).toBeGreaterThanOrEqual(-1e-4);
      expect(left[k]).toBeLessThanOrEqual(1 + 1e-4);
    }
  });

  test("that was saved does the same", async () => {
    const store = memoryStore();
    await store.save("trigger", savedTrigger(trigger));
    const loaded = loadedTrigger((await store.load("trigger"))!);
    expect(loaded).toEqual(trigger);
    const some = pixels.subarray(0, 2 * size);
    expect(await applyTriggerTo(runtime, loaded, some, shape)).toEqual(
      await applyTriggerTo(runtime, trigger, some, shape),
    );
  });

  test("that is not whole is not loaded", async () => {
    const { arrays, json } = savedTrigger(trigger);
    const short = { ...arrays, maskStatistics: mask.statistics.subarray(1) };
    expect((await errorOf(() => loadedTrigger({ arrays: short, json }))).code).toBe("E_FILE");
    const wider = { ...(json as object), baseChannels: 3 };
    expect((await errorOf(() => loadedTrigger({ arrays, json: wider }))).code).toBe("E_FILE");
  });

  test("needs a runtime, its own shape, and as many others as images", async () => {
    expect(await errorOf(() => applyTrigger(trigger, pixels, shape))).toMatchObject({
      code: "E_USAGE",
      message: "found a trigger of networks, expected one that needs no runtime",
    });
    const taller = await errorOf(() => applyTriggerTo(runtime, trigger, pixels, [3, 32, 8]));
    expect(taller).toMatchObject({
      code: "E_SHAPE",
      message: "found images of [3, 32, 8], expected [3, 16, 16], which the trigger is made for",
    });
    const fewer = await errorOf(() =>
      applyCrossTrigger(runtime, trigger, pixels, pixels.subarray(size), shape),
    );
    expect(fewer.code).toBe("E_SHAPE");
  });
});

test("triggers of other attacks need none: they give what they give without", async () => {
  for (const attack of ["badnets", "blend", "sig", "wanet"] as const) {
    const options = attack === "wanet" ? { cell: 4 } : {};
    const stamped = makeTrigger(attack, options, shape, createRandom(1));
    expect(await applyTriggerTo(runtime, stamped, pixels, shape)).toEqual(
      applyTrigger(stamped, pixels, shape),
    );
  }
});
