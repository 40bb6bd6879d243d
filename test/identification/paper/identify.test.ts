import { beforeAll, describe, expect, test } from "vitest";
import type { ImageSet } from "../../../src/data/image-set.ts";
import type { Identification, IdentificationSetup } from "../../../src/identification/identification.ts";
import { identifyByPaper } from "../../../src/identification/paper/identify.ts";
import { type PaperOptions, paperPresets } from "../../../src/identification/paper/options.ts";
import { predict } from "../../../src/identification/predict.ts";
import { examine } from "../../../src/models/examined-model.ts";
import { importModel } from "../../../src/models/import.ts";
import { defaultPreprocessing } from "../../../src/models/preprocessing.ts";
import { writeModel } from "../../../src/onnx/proto.ts";
import { float32 } from "../../../src/onnx/tensor-data.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import { errorOf } from "../../support/errors.ts";
import {
  countingRuntime,
  memoryStore,
  setupOf,
  someImages,
  tinyRegressor,
} from "../../support/identification.ts";
import { modelOf } from "../../support/models.ts";

/** Few enough steps for a test; what they find is no matter where only the numbers are checked. */
const short: PaperOptions = {
  ...paperPresets.gaze,
  steps: 6,
  pretrainingSteps: 6,
  generatorChannels: 2,
  batch: 4,
};
const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((a, b) => a + b, 0) / values.length;
const norm = (values: Float32Array): number => values.reduce((total, value) => total + Math.abs(value), 0);
const column = (rows: readonly (readonly number[])[], j: number): number[] => rows.map((row) => row[j]!);
const variance = (values: readonly number[]): number =>
  mean(values.map((value) => (value - mean(values)) ** 2));

/** The images of the evidence with the reversed trigger, as a set. */
function reversedSet({ evidence }: Identification, { benign }: IdentificationSetup): ImageSet {
  const pixels = new Float32Array(evidence.flatMap(({ reversed }) => [...reversed]));
  return { ...benign, pixels };
}

/** f(x) computed by itself, away from the method. */
async function outputsOf(setup: IdentificationSetup, set: ImageSet): Promise<number[][]> {
  const options = { features: null, outputs: null };
  const examined = await examine(nodeRuntime(), setup.model, defaultPreprocessing, set.shape, options);
  const flat = await predict(nodeRuntime(), examined, set);
  const d = flat.length / set.shape[0];
  return Array.from({ length: set.shape[0] }, (_, i) => [...flat.subarray(i * d, (i + 1) * d)]);
}

describe("the numbers of a result fit each other", () => {
  // As many images as the evidence shows, so that everything can be computed again from it.
  const setup = setupOf({ benign: someImages(4) });
  let found: Identification;
  beforeAll(async () => {
    found = await identifyByPaper(setup, short);
  });

  test("the target is the mean output under the reversed trigger, the collapse the ratio of variances", async () => {
    const [clean, reversed] = [
      await outputsOf(setup, setup.benign),
      await outputsOf(setup, reversedSet(found, setup)),
    ];
    const ratios = [0, 1].map((j) => variance(column(reversed, j)) / variance(column(clean, j)));
    for (const j of [0, 1]) expect(found.target[j]).toBeCloseTo(mean(column(reversed, j)), 4);
    expect(found.collapse.outputVarianceRatio / mean(ratios)).toBeCloseTo(1, 2);
    found.evidence.forEach(({ cleanOutput, reversedOutput }, i) => {
      cleanOutput.forEach((value, j) => {
        expect(value).toBeCloseTo(clean[i]![j]!, 4);
        expect(reversedOutput[j]).toBeCloseTo(reversed[i]![j]!, 4);
      });
    });
  });

  test("the score is the mean perturbation over the largest image norm", () => {
    const bar = Math.max(...found.evidence.map(({ clean }) => norm(clean)));
    const perturbations = found.evidence.map(({ clean, reversed }) =>
      norm(reversed.map((value, i) => value - clean[i]!)),
    );
    expect(found.measures.largestImageNorm).toBeCloseTo(bar, 3);
    expect(found.score).toBeCloseTo(mean(perturbations) / bar, 4);
    expect(found.threshold).toBe(0.03);
    expect(found.margin).toBeCloseTo(found.score / 0.03, 10);
    expect(found.measures.paperRuleSaysBackdoored).toBe(found.score < 0.03 ? 1 : 0);
  });

  test("the evidence shows the clean images and where they are protected", () => {
    expect(found.evidence.map(({ name }) => name)).toEqual(setup.benign.names);
    found.evidence.forEach(({ clean, reversed, attention, shape }, i) => {
      expect(shape).toEqual([3, 8, 8]);
      expect(clean).toEqual(setup.benign.pixels.slice(i * 192, (i + 1) * 192));
      expect(attention!.every((value) => value >= 0 && value < 1)).toBe(true);
      expect(Math.max(...attention!)).toBeCloseTo(1, 4);
      // Eq. 7: where T is all but 1, x' is all but x.
      const peak = attention!.indexOf(Math.max(...attention!));
      for (const c of [0, 1, 2]) expect(reversed[c * 64 + peak]).toBeCloseTo(clean[c * 64 + peak]!, 4);
    });
  });

  test("so few steps are inconclusive, and the reasons say why", () => {
    expect(found.verdict).toBe("inconclusive");
    expect(found.reasons.some((reason) => reason.includes("the generator alone perturbs images"))).toBe(true);
    expect(found.reconstructionFloor).toBeGreaterThan(short.floorLimit);
  });

  test("terms, options and measures are those of the run", () => {
    expect(found.terms.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5]);
    const { loss, l1, outputVariance, coneRatio } = found.terms[2]!.values;
    const scale = 192 / (224 * 224 * 3);
    expect(loss! / (20 * scale * outputVariance! + l1! + 800 * scale * coneRatio!)).toBeCloseTo(1, 4);
    expect(found.options).toMatchObject({ ...short, unit: "radians", batch: 4 });
    expect(found.measures).toMatchObject({ batch: 4, searchSteps: 6, pretrainingSteps: 6 });
  });

  test("the same seed gives the same bits, another seed others", async () => {
    const again = await identifyByPaper({ ...setup, checkpoints: memoryStore() }, short);
    expect(again).toEqual(found);
    const other = await identifyByPaper({ ...setup, checkpoints: memoryStore(), seed: 1 }, short);
    expect(other.score).not.toBe(found.score);
  });

  test("a scan that was interrupted in each of its loops ends with the bits of one that was not", async () => {
    const checkpoints = memoryStore();
    // The first run stops while pretraining, the second while searching.
    for (const steps of [4, 5]) {
      let asked = 0;
      const error = await errorOf(() =>
        identifyByPaper({ ...setup, checkpoints, shouldStop: () => asked++ >= steps }, short),
      );
      expect(error.code).toBe("E_INTERRUPTED");
    }
    expect([...checkpoints.states.keys()].some((key) => key === "run-search")).toBe(true);
    expect(await identifyByPaper({ ...setup, checkpoints }, short)).toEqual(found);
  });
});

test("the pretrained generator of a set of images serves the next model", async () => {
  const checkpoints = memoryStore();
  const first = setupOf({ checkpoints });
  await identifyByPaper(first, short);
  const known = { kind: "note", message: "pretrained generator taken from the cache" };
  expect(first.events).not.toContainEqual(known);
  const second = setupOf({ checkpoints, model: tinyRegressor(99), runKey: "other" });
  const found = await identifyByPaper(second, short);
  expect(second.events).toContainEqual(known);
  expect(second.events.flatMap((event) => (event.kind === "phase" ? [event.phase] : []))).toEqual([
    "reverse engineering",
  ]);
  // What comes out is what the model would have had without the cache.
  const alone = await identifyByPaper(setupOf({ model: tinyRegressor(99), runKey: "other" }), short);
  expect(found).toEqual(alone);
  // Other images, another seed or another generator have their own.
  for (const change of [{ dataKey: "others" }, { seed: 3 }]) {
    const third = setupOf({ checkpoints, runKey: "third", ...change });
    await identifyByPaper(third, short);
    expect(third.events).not.toContainEqual(known);
  }
});

test("attention and clean outputs are computed once for each image, whatever the number of steps", async () => {
  const { runtime, runsOf } = countingRuntime();
  await identifyByPaper(setupOf({ runtime, benign: someImages(10) }), short);
  // Ten images in batches of four.
  expect(runsOf("attention")).toBe(3);
  expect(runsOf("loss")).toBe(6);
});

test("a time budget that is over leaves the search undone, and no verdict", async () => {
  const setup = setupOf({ timeBudget: 1e-6 });
  const found = await identifyByPaper(setup, short);
  expect(found.measures).toMatchObject({ searchSteps: 0, pretrainingSteps: 0 });
  expect(found.terms).toEqual([]);
  expect(found.verdict).toBe("inconclusive");
  expect(found.reasons[0]).toBe("the search was cut short by the time budget");
  // A generator that was not trained to its end is not kept for others.
  const next = setupOf({ checkpoints: setup.checkpoints });
  expect((await identifyByPaper(next, short)).measures.pretrainingSteps).toBe(6);
});

/** y = W x, without any layer before. */
function linearModel(weight: number) {
  return importModel(
    writeModel(
      modelOf({
        opset: 17,
        inputs: [{ name: "x", dtype: "float32", shape: ["N", 3, 8, 8] }],
        nodes: [
          ["Flatten", ["x"], ["h"]],
          ["Gemm", ["h", "head"], ["y"]],
        ],
        initializers: {
          head: float32(
            new Float32Array(384).map((_, i) => weight * Math.sin(i)),
            [192, 2],
          ),
        },
      }),
    ),
  );
}

test("outputs beyond a full turn are taken as degrees", async () => {
  const unit = async (weight: number) =>
    (
      await identifyByPaper(setupOf({ model: linearModel(weight) }), {
        ...short,
        steps: 0,
        pretrainingSteps: 0,
      })
    ).options.unit;
  expect(await unit(0.1)).toBe("radians");
  expect(await unit(100)).toBe("degrees");
});

test("batches that do not fit are made smaller, and the reason is given", async () => {
  const warningsOf = async (changes: Partial<IdentificationSetup>, batch: number) => {
    const setup = setupOf(changes);
    const found = await identifyByPaper(setup, { ...short, batch, steps: 0, pretrainingSteps: 0 });
    const warnings = setup.events.flatMap((event) => (event.kind === "warning" ? [event.message] : []));
    return { batch: found.measures.batch, warnings };
  };
  expect(await warningsOf({}, 4)).toEqual({ batch: 4, warnings: [] });
  expect(await warningsOf({}, 50)).toEqual({
    batch: 4,
    warnings: ["batch of 4 instead of 50: there are 4 images"],
  });
  // Both too few images for the batch and too little memory for them all: memory is what decided.
  const tight = await warningsOf({ benign: someImages(40), memoryLimit: 1 }, 50);
  expect(tight.batch).toBe(8);
  expect(tight.warnings).toEqual([
    expect.stringMatching(/^batch of 8 instead of 50: 50 would need about .* GB of .* GB$/),
  ]);
});

test("a model that gives no finite numbers is an E_NAN before any work", async () => {
  const setup = setupOf({
    model: linearModel(1e10),
    preprocessing: { ...defaultPreprocessing, std: [1e-30] },
  });
  const error = await errorOf(() => identifyByPaper(setup, short));
  expect(error).toMatchObject({ code: "E_NAN", hint: expect.stringContaining("--scale") });
  expect(setup.events).toEqual([]);
});

test("one image and broken options are refused", async () => {
  expect(await errorOf(() => identifyByPaper(setupOf({ benign: someImages(1) }), short))).toMatchObject({
    code: "E_IMAGES",
    message: "found 1 images, expected at least 2",
  });
  expect(await errorOf(() => identifyByPaper(setupOf(), { ...short, epsilon: -1 }))).toMatchObject({
    code: "E_USAGE",
  });
});

describe("a search that finds one output for all images", () => {
  // Weights of the variances so large that nothing else counts: G learns to make images that all look the same.
  const strong: PaperOptions = {
    ...short,
    steps: 150,
    pretrainingSteps: 20,
    batch: 8,
    attention: "none",
    lambda1: 1e7,
    lambda2: 1e7,
    learningRate: 0.02,
    statisticsMomentum: 0.5,
    floorLimit: 2,
    epsilon: 2,
  };
  const identify = (changes: Partial<PaperOptions>) =>
    identifyByPaper(setupOf({ benign: someImages(8), seed: 1 }), { ...strong, ...changes });

  test("is backdoored below epsilon, benign above it, and the number is the same", async () => {
    const [below, above] = await Promise.all([identify({}), identify({ epsilon: 0.03 })]);
    expect(below.collapse.outputVarianceRatio).toBeLessThan(0.02);
    expect(below.collapse.coneRatio).toBeLessThan(0.02);
    const [first, last] = [below.terms[0]!.values, below.terms.at(-1)!.values];
    expect(last.loss).toBeLessThan(first.loss!);
    expect(last.outputVariance).toBeLessThan(first.outputVariance! / 10);
    expect(last.coneRatio).toBeLessThan(first.coneRatio! / 10);
    expect([below.verdict, above.verdict]).toEqual(["backdoored", "benign"]);
    expect(above.score).toBe(below.score);
    // All images of the evidence end up at the target.
    for (const { reversedOutput } of below.evidence) {
      reversedOutput.forEach((value, j) => {
        expect(Math.abs(value - below.target[j]!)).toBeLessThan(0.1);
      });
    }
  });

  test("is no verdict before it has begun, unless the paper's own rule is asked for", async () => {
    const options = { steps: 0 };
    expect((await identify(options)).verdict).toBe("inconclusive");
    expect((await identify({ ...options, rule: "paper" })).verdict).toBe("backdoored");
  });
});
