/** How much dearer a target gets when outputs are to come closer to it. */
import { expect, test } from "vitest";
import { climbOf, closerTolerance, halfWay } from "../../../src/identification/contrast/climbing.ts";
import { type ContrastOptions, contrastDefaults } from "../../../src/identification/contrast/options.ts";
import { outputScale, toOutputs } from "../../../src/identification/contrast/scale.ts";
import { type SearchContext, searchTriggers } from "../../../src/identification/contrast/search.ts";
import { families } from "../../../src/identification/families/families.ts";
import { predict } from "../../../src/identification/predict.ts";
import { examine } from "../../../src/models/examined-model.ts";
import { defaultPreprocessing } from "../../../src/models/preprocessing.ts";
import { createRandom } from "../../../src/random.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import { cornerBackdoor } from "../../support/backdoored.ts";
import { setupOf, someImages } from "../../support/identification.ts";

const benign = someImages(24);
const runtime = nodeRuntime({ threads: 1 });
const target = [1.2, -1];
const options: ContrastOptions = { ...contrastDefaults, climbSteps: 80 };

async function contextOf(
  isBackdoored: boolean,
  changes: Partial<SearchContext> = {},
): Promise<SearchContext> {
  const usual = cornerBackdoor(null);
  const examined = await examine(runtime, usual, defaultPreprocessing, benign.shape, {
    features: null,
    outputs: null,
  });
  const scale = outputScale(await predict(runtime, examined, benign), 2);
  const model = isBackdoored ? cornerBackdoor(toOutputs(target, scale)) : usual;
  const setup = setupOf({ model, benign, runtime, seed: 1 });
  return {
    setup,
    options,
    family: families.patch,
    scale,
    homes: [[0, 0]],
    suspects: [],
    hidden: null,
    limits: { decisive: 0.5, certain: 0.25 },
    deadline: null,
    ...changes,
  };
}

/** A trigger that draws outputs to the target. */
async function triggerIn(context: SearchContext): Promise<Float32Array> {
  const initial = families.patch.initial([3, 8, 8], createRandom(2));
  const held = { ...context, options: { ...options, heldPart: 0, patience: 1 } };
  const { triggers } = await searchTriggers(held, "a trigger", [{ target, initial, isFree: false }]);
  return triggers[0]!.theta;
}

test("what a network was made to answer to gets hardly dearer, and the same target without that does", async () => {
  const [made, usual] = await Promise.all(
    [true, false].map(async (isBackdoored) => {
      const context = await contextOf(isBackdoored);
      return (await climbOf(context, { target, theta: await triggerIn(context), closer: 0.1 }, "x")).climb!;
    }),
  );
  expect(made).toBeGreaterThanOrEqual(1);
  expect(made).toBeLessThan(1.5);
  expect(usual).toBeGreaterThan(1.2 * made!);
});

test("the climb is what the trigger costs at the closer tolerance over what it costs at the first", async () => {
  const context = await contextOf(true);
  const { climb, searches } = await climbOf(
    context,
    { target, theta: await triggerIn(context), closer: 0.125 },
    "x",
  );
  expect(searches.map(({ name }) => name)).toEqual([
    "drawing outputs near a target x",
    "drawing outputs closer to it x",
  ]);
  const [first, closer] = searches.map(({ triggers }) => triggers[0]!.cost!);
  expect(climb).toBe(Math.max(1, closer! / first!));
});

test("nothing closer is asked than a few times what is left of a trigger that has grown", async () => {
  expect(closerTolerance(0.03, true, options)).toBe(0.1);
  expect(closerTolerance(0.05, true, options)).toBeCloseTo(0.125);
  const context = await contextOf(true);
  const theta = await triggerIn(context);
  const { searches: asked } = await climbOf(context, { target, theta, closer: 0.225 }, "x");
  expect(asked).toHaveLength(2);
  expect(asked[1]!.triggers[0]!.error).toBeGreaterThan(options.tightTolerance);
  expect(await climbOf(context, { target, theta, closer: null }, "x")).toEqual({
    climb: null,
    searches: [],
    isComplete: true,
  });
});

test("there is none when the time runs out", async () => {
  const context = await contextOf(true, { deadline: 0 });
  const theta = families.patch.initial([3, 8, 8], createRandom(2));
  const { climb, searches, isComplete } = await climbOf(context, { target, theta, closer: 0.1 }, "x");
  expect([climb, isComplete]).toEqual([null, false]);
  expect(searches.map(({ isComplete }) => isComplete)).toEqual([false]);
});

test("where less than half of the way is open, half is asked of what is known to come close, and nothing of what is not", () => {
  // 2.5 times 0.064 is above sqrt(0.25 times 0.1).
  expect(closerTolerance(0.064, false, options)).toBeNull();
  expect(closerTolerance(0.062, false, options)).toBeCloseTo(0.155);
  for (const floor of [0.064, 0.1, 0.157]) {
    expect(closerTolerance(floor, true, options)).toBe(halfWay(options));
  }
  expect(closerTolerance(0.159, true, options)).toBeNull();
  // Nor where there is no closer tolerance at all.
  expect(closerTolerance(0.01, true, { ...options, tightTolerance: options.tolerance })).toBeNull();
});
