/** A search in lanes, and in one. */
import { expect, test } from "vitest";
import { contrastDefaults } from "../../../src/identification/contrast/options.ts";
import { outputScale } from "../../../src/identification/contrast/scale.ts";
import { type SearchOutcome, searchTriggers } from "../../../src/identification/contrast/search.ts";
import { families } from "../../../src/identification/families/families.ts";
import { predict } from "../../../src/identification/predict.ts";
import { examine } from "../../../src/models/examined-model.ts";
import { defaultPreprocessing } from "../../../src/models/preprocessing.ts";
import { createRandom } from "../../../src/random.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import { cornerBackdoor } from "../../support/backdoored.ts";
import { setupOf, someImages } from "../../support/identification.ts";
import { lanesOf } from "../../support/lanes.ts";

const benign = someImages(12);
const real = nodeRuntime();
const targets = [0, 1, 2, 3, 4].map((i) => [Math.sin(i), Math.cos(i)]);

/** A search for five triggers, the last two of which may only change a half. */
async function searchedIn(lanes: number): Promise<SearchOutcome> {
  const { runtime, asked } = lanesOf(lanes);
  const model = cornerBackdoor(null);
  const options = { features: null, outputs: null };
  const examined = await examine(real, model, defaultPreprocessing, benign.shape, options);
  const scale = outputScale(await predict(real, examined, benign), 2);
  const family = families.patch;
  const n = family.length([3, 8, 8]);
  const outcome = await searchTriggers(
    {
      setup: setupOf({ model, benign, runtime, seed: 1 }),
      options: { ...contrastDefaults, steps: 30, batch: 4 },
      family,
      scale,
      homes: [[0, 0]],
      suspects: [],
      hidden: null,
      limits: { decisive: 0.5, certain: 0.25 },
      deadline: null,
    },
    "a search",
    targets.map((target, i) => ({
      target,
      initial: family.initial([3, 8, 8], createRandom(i)),
      isFree: i > 0,
      isFollowed: i === 3,
      ...(i > 2 ? { only: Float32Array.from({ length: n }, (_, j) => j % 2) } : {}),
    })),
  );
  const used = new Set(asked.filter((lane) => lane !== undefined));
  expect(used.size).toBe(lanes === 1 ? 0 : Math.min(lanes, 5));
  return outcome;
}

test.each([2, 3, 8])("%d lanes find what one finds, step by step", async (lanes) => {
  const [one, several] = [await searchedIn(1), await searchedIn(lanes)];
  expect(several.steps).toBe(one.steps);
  several.history.forEach(({ step, values }, i) => {
    const expected = one.history[i]!;
    expect(step).toBe(expected.step);
    for (const [name, value] of Object.entries(values)) expect(value).toBeCloseTo(expected.values[name]!, 4);
  });
  several.triggers.forEach((trigger, i) => {
    const expected = one.triggers[i]!;
    expect(trigger.target).toEqual(expected.target);
    expect(trigger.error).toBeCloseTo(expected.error, 4);
    expect(Math.max(...trigger.theta.map((value, j) => Math.abs(value - expected.theta[j]!)))).toBeLessThan(
      1e-2,
    );
  });
});
