import { expect, test } from "vitest";
import { examineFor, fittingSearch, searchBytes } from "../../../src/identification/contrast/fitting.ts";
import { families } from "../../../src/identification/families/families.ts";
import { instantiate } from "../../../src/models/instance.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import { setupOf, tinyRegressor } from "../../support/identification.ts";

test.each([
  ["without a limit all at once", null, 17, 8],
  ["within the limit all at once", 136, 17, 8],
  ["images are halved first", 70, 17, 4],
  ["then triggers", 40, 9, 4],
  ["down to one at a time", 1, 1, 4],
])("%s", (_, limit, triggers, batch) => {
  const size = fittingSearch({ triggers: 17, batch: 8 }, limit, (each) => each.triggers * each.batch);
  expect(size).toEqual({ triggers, batch });
});

test("few images are not made fewer", () => {
  expect(fittingSearch({ triggers: 2, batch: 3 }, 1, (each) => each.triggers * each.batch)).toEqual({
    triggers: 1,
    batch: 3,
  });
});

test("the estimate grows with triggers, images, what a family keeps, and lanes that have triggers", async () => {
  const instance = await instantiate(nodeRuntime(), tinyRegressor(), [2, 3, 8, 8]);
  const at = (triggers: number, batch: number, family = families.patch, lanes = 1): number =>
    searchBytes(instance, family, [3, 8, 8], { triggers, batch }, lanes);
  expect(at(4, 8)).toBeGreaterThan(at(2, 8));
  expect(at(4, 8)).toBeGreaterThan(at(4, 4));
  expect(at(4, 8, families.warp as never)).toBeGreaterThan(at(4, 8));
  expect(at(4, 8, families.patch, 2)).toBeGreaterThan(at(4, 8));
  expect(at(4, 8, families.patch, 8)).toBe(at(4, 8, families.patch, 4));
});

test("a model is examined at the images that are wanted, one that is fixed at a multiple of its own", async () => {
  expect((await examineFor(setupOf(), 6)).batch).toBe(6);
  const model = tinyRegressor();
  const fixed = { ...model, fixedBatch: 4, input: { ...model.input, shape: [4, 3, 8, 8] } };
  expect((await examineFor(setupOf({ model: fixed }), 6)).batch).toBe(8);
  expect((await examineFor(setupOf({ model: fixed }), 8)).batch).toBe(8);
});
