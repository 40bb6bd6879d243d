import { beforeAll, describe, expect, test } from "vitest";
import type { ImageSet } from "../../../src/data/image-set.ts";
import { outputScale, toDeviations, toOutputs } from "../../../src/identification/contrast/scale.ts";
import { distanceOf } from "../../../src/identification/contrast/targets.ts";
import type { Identification, IdentificationSetup } from "../../../src/identification/identification.ts";
import { identifyByNeuralCleanse } from "../../../src/identification/neural-cleanse/identify.ts";
import {
  type NeuralCleanseOptions,
  neuralCleanseDefaults,
} from "../../../src/identification/neural-cleanse/options.ts";
import { type CleanseOutcome, searchMasks } from "../../../src/identification/neural-cleanse/search.ts";
import { predict } from "../../../src/identification/predict.ts";
import { applyReversedTrigger } from "../../../src/identification/reversed-trigger.ts";
import { examine } from "../../../src/models/examined-model.ts";
import { defaultPreprocessing } from "../../../src/models/preprocessing.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import { cornerBackdoor } from "../../support/backdoored.ts";
import { errorOf } from "../../support/errors.ts";
import { memoryStore, setupOf, someImages } from "../../support/identification.ts";

const benign = someImages(24);
const runtime = nodeRuntime({ threads: 1 });
const options: NeuralCleanseOptions = { ...neuralCleanseDefaults, steps: 300 };
/** Enough to go through all that there is; what it finds is no matter. */
const short: NeuralCleanseOptions = {
  ...options,
  steps: 12,
  heldTargets: 3,
  freeStarts: 2,
  batch: 4,
  passSteps: 2,
  patience: 1,
  tolerance: 5,
  leastReached: 3,
};

const setupFor = (changes: Partial<IdentificationSetup> = {}): IdentificationSetup =>
  setupOf({ benign, runtime, seed: 1, ...changes });

describe("a model whose output jumps when a corner has a pattern, and the same without the jump", () => {
  const jump = [1.2, -1];
  let scale: ReturnType<typeof outputScale>;
  let [found, usual] = [] as unknown as [CleanseOutcome, CleanseOutcome];
  beforeAll(async () => {
    const model = cornerBackdoor(null);
    const at = { features: null, outputs: null };
    const examined = await examine(runtime, model, defaultPreprocessing, benign.shape, at);
    scale = outputScale(await predict(runtime, examined, benign), 2);
    const search = (which: typeof model) =>
      searchMasks({ setup: setupFor({ model: which }), options, scale, deadline: null });
    found = await search(cornerBackdoor(toOutputs(jump, scale)));
    usual = await search(model);
  });

  const smallestOf = ({ starts }: CleanseOutcome) =>
    starts.filter(({ size }) => size !== null).reduce((low, each) => (each.size! < low.size! ? each : low));

  test("the smallest mask is many times smaller with the jump, and covers about the corner", () => {
    expect(smallestOf(found).size).toBeLessThan(0.04);
    expect(smallestOf(usual).size).toBeGreaterThan(0.15);
    const mask = [...smallestOf(found).theta.slice(0, 64)].map((value) => 1 / (1 + Math.exp(-value)));
    const [corner, rest] = [true, false].map((isIn) =>
      mask.filter((_, i) => (i % 8 < 2 && i < 16) === isIn).reduce((total, value) => total + value, 0),
    );
    expect(corner).toBeGreaterThan(rest!);
  });

  test("masks are smaller at the jump's target than elsewhere, and free targets slide there", () => {
    const reached = found.starts.filter(({ size }) => size !== null);
    const distance = (target: readonly number[]): number => distanceOf(toDeviations(target, scale), jump);
    const near = reached.filter(({ target }) => distance(target) < 0.5).map(({ size }) => size!);
    const far = reached.filter(({ target }) => distance(target) > 1).map(({ size }) => size!);
    expect(far.length).toBeGreaterThan(2);
    expect(near.length).toBeGreaterThan(1);
    expect(Math.max(...near)).toBeLessThan(Math.min(...far));
    const free = reached.filter(({ isFree }) => isFree);
    expect(free.some(({ target }) => distance(target) < 0.5)).toBe(true);
  });

  test("held targets stand still", () => {
    const held = (outcome: CleanseOutcome) =>
      outcome.starts
        .slice(0, options.heldTargets)
        .map(({ target }) => target.map((value) => value.toFixed(4)));
    expect(held(found)).toEqual(held(usual));
    expect(distanceOf(toDeviations(found.starts[0]!.target, scale))).toBeLessThan(1e-4);
  });
});

test("the numbers of a result fit each other, and its trigger does what its target says", async () => {
  const model = cornerBackdoor([3, -3]);
  const result = await identifyByNeuralCleanse(setupFor({ model }), { ...options, steps: 200 });
  expect(result).toMatchObject({ method: "neural-cleanse", isComplete: true, reconstructionFloor: null });
  expect(result.margin).toBeCloseTo(result.score / result.threshold, 12);
  const sizes = Object.entries(result.measures).filter(([name]) => name.startsWith("size of start"));
  expect(sizes).toHaveLength(result.measures.reached!);
  expect(result.score).toBe(Math.min(...sizes.map(([, size]) => size)));
  expect(result.terms.map(({ values }) => Object.keys(values))[0]).toEqual([
    "error",
    "size",
    "cost",
    "reached",
  ]);
  expect(result.options).toEqual({ ...options, steps: 200 });
  const [trigger] = result.triggers!;
  const pixels = await applyReversedTrigger(runtime, trigger!, benign);
  expect(pixels.slice(0, 192)).toEqual(result.evidence[0]!.reversed);
  const at = { features: null, outputs: null };
  const examined = await examine(runtime, model, defaultPreprocessing, benign.shape, at);
  const outputs = await predict(runtime, examined, { ...benign, pixels });
  for (const j of [0, 1]) {
    const mean = outputs.filter((_, i) => i % 2 === j).reduce((a, b) => a + b, 0) / 24;
    expect(mean).toBeCloseTo(trigger!.target[j]!, 4);
  }
});

test("the same seed gives the same, and what is interrupted ends as if it had not been", async () => {
  const model = cornerBackdoor([-2, 2]);
  const numbers = ({ terms, score, threshold, target, measures }: Identification): unknown => ({
    terms,
    score,
    threshold,
    target,
    measures,
  });
  const whole = await identifyByNeuralCleanse(setupFor({ model }), short);
  expect(whole.measures.reached).toBe(5);
  // Masks that always work have not shrunk as far as they can: their sizes say nothing.
  expect(whole).toMatchObject({ verdict: "inconclusive", measures: { settled: 0 } });
  expect(whole.reasons.join()).toContain("0 of 3 targets");
  expect(numbers(await identifyByNeuralCleanse(setupFor({ model }), short))).toEqual(numbers(whole));
  for (const stopAt of [1, 5, 8]) {
    const checkpoints = memoryStore();
    let asked = 0;
    const stopped = setupFor({ model, checkpoints, shouldStop: () => ++asked > stopAt });
    expect(await errorOf(() => identifyByNeuralCleanse(stopped, short))).toMatchObject({
      code: "E_INTERRUPTED",
    });
    const resumed = await identifyByNeuralCleanse(setupFor({ model, checkpoints }), short);
    expect(numbers(resumed)).toEqual(numbers(whole));
  }
  expect(numbers(await identifyByNeuralCleanse(setupFor({ model, seed: 2 }), short))).not.toEqual(
    numbers(whole),
  );
});

test("without time, and with a tolerance that nothing meets, nothing is known", async () => {
  const late = await identifyByNeuralCleanse(setupFor({ timeBudget: 1e-9 }), short);
  expect(late).toMatchObject({ verdict: "inconclusive", isComplete: false, score: 1, triggers: [] });
  expect(late.reasons.join()).toContain("time budget");
  const strict = await identifyByNeuralCleanse(setupFor(), { ...short, tolerance: 1e-6 });
  expect(strict).toMatchObject({ verdict: "inconclusive", isComplete: true, score: 1, margin: 1 });
  expect(strict.reasons.join()).toContain("0 of 3 targets");
});

test("what does not fit into memory is searched in rounds on the same batches, and says so", async () => {
  const warnings: string[] = [];
  const onEvent: IdentificationSetup["onEvent"] = (event) => {
    if (event.kind === "warning") warnings.push(event.message);
  };
  const rounds = await identifyByNeuralCleanse(setupFor({ memoryLimit: 250e6, onEvent }), short);
  expect(warnings[0]).toMatch(/^1 masks at once on 4 images instead of 5 on 4/);
  const whole = await identifyByNeuralCleanse(setupFor(), short);
  expect(rounds.score).toBeCloseTo(whole.score, 4);
  expect(rounds.measures.searchSteps).toBe(5 * short.steps);
  const steps = rounds.terms.map(({ step }) => step);
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
});

test.each([
  ["outputs that do not differ", { benign: blackOf(benign) }, {}, "E_MODEL_OUTPUT", "is the same for all"],
  ["one image", { benign: firstOf(benign, 1) }, {}, "E_IMAGES", "found 1 images"],
  ["no tolerance", {}, { tolerance: 0 }, "E_USAGE", "found tolerance = 0"],
  ["no held target", {}, { heldTargets: 0 }, "E_USAGE", "found heldTargets = 0"],
  ["a step and a half", {}, { steps: 1.5 }, "E_USAGE", "expected a whole number"],
  ["a decay of 1", {}, { beta1: 1 }, "E_USAGE", "found beta1 = 1, expected a number from 0 to 0.9999"],
] as const)("%s is refused", async (_, changes, wrong, code, part) => {
  const error = await errorOf(() => identifyByNeuralCleanse(setupFor(changes), { ...short, ...wrong }));
  expect(error).toMatchObject({ code, message: expect.stringContaining(part) });
});

function firstOf(set: ImageSet, count: number): ImageSet {
  const [, c, h, w] = set.shape;
  return { ...set, pixels: set.pixels.slice(0, count * c * h * w), shape: [count, c, h, w] };
}

function blackOf(set: ImageSet): ImageSet {
  return { ...set, pixels: set.pixels.map(() => 0) };
}
