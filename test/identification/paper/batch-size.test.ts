import fc from "fast-check";
import { expect, test } from "vitest";
import { estimateStepBytes, fittingBatch } from "../../../src/identification/paper/batch-size.ts";
import { instantiate } from "../../../src/models/instance.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import { tinyRegressor } from "../../support/identification.ts";

test.each([
  ["without a limit the wanted one", 50, 200, null, 50],
  ["no more than there are images", 50, 20, null, 20],
  ["halved until it fits", 50, 200, 30, 25],
  ["halved again", 50, 200, 24, 12],
  ["no less than 8", 50, 200, 1, 8],
  ["no less than there are images where those are few", 50, 5, 1, 5],
  ["8 where half of it would be less", 15, 200, 10, 8],
])("%s", (_, wanted, count, limit, expected) => {
  expect(fittingBatch(wanted, count, limit, (batch) => batch)).toBe(expected);
});

test("a batch fits, or is the smallest", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 300 }),
      fc.integer({ min: 2, max: 300 }),
      fc.nat(300),
      (wanted, count, limit) => {
        const batch = fittingBatch(wanted, count, limit, (n) => n);
        expect(batch).toBeLessThanOrEqual(Math.min(wanted, count));
        if (batch > 8) expect(batch).toBeLessThanOrEqual(limit);
      },
    ),
  );
});

const generator = { imageChannels: 3, baseChannels: 8 };

test("the estimate grows evenly with the batch, and with the image, the generator and the model", async () => {
  const runtime = nodeRuntime();
  const small = await instantiate(runtime, tinyRegressor(), [2, 3, 8, 8]);
  const at = (batch: number): number => estimateStepBytes(small, generator, 64, batch);
  expect(at(20)).toBeGreaterThan(at(10));
  expect(at(30) - at(20)).toBeCloseTo(at(20) - at(10), 3);
  expect(estimateStepBytes(small, generator, 128, 10)).toBeGreaterThan(at(10));
  expect(estimateStepBytes(small, { ...generator, baseChannels: 16 }, 64, 10)).toBeGreaterThan(at(10));
  const withMoreOutputs = await instantiate(runtime, tinyRegressor(7, 40), [2, 3, 8, 8]);
  expect(estimateStepBytes(withMoreOutputs, generator, 64, 10)).toBeGreaterThan(at(10));
});

test("the estimate does not depend on the batch at which the model was looked at", async () => {
  const runtime = nodeRuntime();
  const [two, five] = await Promise.all(
    [2, 5].map(async (batch) => {
      const instance = await instantiate(runtime, tinyRegressor(), [batch, 3, 8, 8]);
      return estimateStepBytes(instance, generator, 64, 10);
    }),
  );
  expect(two).toBeCloseTo(five!, 3);
});

test("ten more images hold at least their maps of the generator's first level and the model's first layer", async () => {
  const instance = await instantiate(nodeRuntime(), tinyRegressor(), [2, 3, 8, 8]);
  const at = (batch: number): number => estimateStepBytes(instance, generator, 64, batch);
  // 2 maps of 8 channels on the way down, 6 of the model; 4 bytes each.
  expect(at(20) - at(10)).toBeGreaterThan(4 * 10 * 64 * (2 * 8 + 6));
});
