import { beforeAll, describe, expect, test } from "vitest";
import type { ImageSet } from "../../../src/data/image-set.ts";
import { identifyByFeatureRe } from "../../../src/identification/feature-re/identify.ts";
import { featureMoments, mixedOutputs } from "../../../src/identification/feature-re/measuring.ts";
import { type FeatureReOptions, featureReDefaults } from "../../../src/identification/feature-re/options.ts";
import type { Identification, IdentificationSetup } from "../../../src/identification/identification.ts";
import { identifyByPaper } from "../../../src/identification/paper/identify.ts";
import { paperPresets } from "../../../src/identification/paper/options.ts";
import { predict } from "../../../src/identification/predict.ts";
import { applyModel, examine } from "../../../src/models/examined-model.ts";
import { importModel } from "../../../src/models/import.ts";
import { defaultPreprocessing } from "../../../src/models/preprocessing.ts";
import { int } from "../../../src/onnx/model.ts";
import { writeModel } from "../../../src/onnx/proto.ts";
import { float32 } from "../../../src/onnx/tensor-data.ts";
import { compile } from "../../../src/runtime/compile.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import { Graph } from "../../../src/tensor/graph.ts";
import { cornerBackdoor } from "../../support/backdoored.ts";
import { errorOf } from "../../support/errors.ts";
import { memoryStore, setupOf, someImages, someWeights } from "../../support/identification.ts";
import { modelOf } from "../../support/models.ts";

const benign = someImages(24);
const runtime = nodeRuntime({ threads: 1 });
/** A share of the seven features that one of them fits into. */
const options: FeatureReOptions = {
  ...featureReDefaults,
  steps: 150,
  batch: 12,
  pretrainingSteps: 100,
  generatorChannels: 4,
  maskLimit: 0.3,
};
const short: FeatureReOptions = { ...options, steps: 6, pretrainingSteps: 4, generatorChannels: 2, batch: 8 };

const setupFor = (changes: Partial<IdentificationSetup> = {}): IdentificationSetup =>
  setupOf({ benign, runtime, seed: 1, ...changes });

describe("a search on a model whose output jumps", () => {
  let found: Identification;
  beforeAll(async () => {
    found = await identifyByFeatureRe(setupFor({ model: cornerBackdoor([3, -3]) }), options);
  });

  test("improves its objective and comes near its constraints", () => {
    const [first, last] = [found.terms[0]!.values, found.terms.at(-1)!.values];
    expect(last.loss).toBeLessThan(0.5 * first.loss!);
    expect(first.maskShare).toBeGreaterThan(2 * options.maskLimit);
    expect(last.maskShare).toBeLessThan(1.15 * options.maskLimit);
    expect(found.measures.maskShare).toBeCloseTo(last.maskShare!, 1);
    expect(last.spread).toBeLessThan(0.5 * first.spread!);
    expect(Object.keys(last)).toEqual([
      "loss",
      "error",
      "perturbation",
      "spread",
      "maskShare",
      "target 0",
      "target 1",
    ]);
  });

  test("gives numbers that fit each other, and no verdict of its own", () => {
    expect(found).toMatchObject({ method: "feature-re", verdict: "inconclusive", isComplete: true });
    expect(found.score).toBeCloseTo(found.measures.meanPerturbation! / found.measures.largestImageNorm!, 6);
    expect(found.margin).toBeCloseTo(found.score / found.threshold, 12);
    expect(found.reconstructionFloor).toBeGreaterThan(0);
    expect(found.measures.searchSteps).toBe(options.steps);
    expect(found.measures["y_t 0"]).toBeCloseTo(found.terms.at(-1)!.values["target 0"]!, 1);
    expect(found.options).toEqual({ ...options, batch: 12 });
    expect(found.evidence).toHaveLength(4);
    expect(found.evidence[0]!.attention).toBeNull();
  });
});

test("moments of features and outputs of mixed ones are those of the arrays", async () => {
  const at = { features: null, outputs: null };
  const examined = await examine(runtime, cornerBackdoor([1, 2]), defaultPreprocessing, [10, 3, 8, 8], at);
  const image = new Graph().input("image", [24, 3, 8, 8]);
  const whole = await examine(runtime, cornerBackdoor([1, 2]), defaultPreprocessing, benign.shape, at);
  const program = await compile(runtime, { features: applyModel(whole, image).features[0]! });
  const results = await program.run({ image: float32(benign.pixels, benign.shape) });
  const features = results.features!.data as Float32Array;
  // 24 images in batches of 10: the last one is filled up.
  const { mean, std } = await featureMoments(runtime, examined, benign);
  const m = mean.length;
  for (let k = 0; k < m; k++) {
    const column = [...features].filter((_, i) => i % m === k);
    const center = column.reduce((a, b) => a + b, 0) / 24;
    expect(mean[k]).toBeCloseTo(center, 5);
    const variance = column.reduce((a, b) => a + (b - center) ** 2, 0) / 24;
    expect(std[k]).toBeCloseTo(Math.sqrt(variance), 5);
  }
  const outputs = await predict(runtime, examined, benign);
  const none = new Array<number>(m).fill(0);
  const same = await mixedOutputs(runtime, examined, benign, none, none);
  same.forEach((value, i) => {
    expect(value).toBeCloseTo(outputs[i]!, 5);
  });
  const all = await mixedOutputs(runtime, examined, benign, new Array<number>(m).fill(1), mean);
  expect(new Set([...all].map((value) => value.toFixed(4))).size).toBe(2);
});

test("the same seed gives the same, and what is interrupted ends as if it had not been", async () => {
  const model = cornerBackdoor([-2, 2]);
  const numbers = ({ terms, score, target, measures, evidence }: Identification): unknown => ({
    terms,
    score,
    target,
    measures,
    evidence,
  });
  const whole = await identifyByFeatureRe(setupFor({ model }), short);
  for (const stopAt of [2, 7]) {
    const checkpoints = memoryStore();
    let asked = 0;
    const stopped = setupFor({ model, checkpoints, shouldStop: () => ++asked > stopAt });
    expect(await errorOf(() => identifyByFeatureRe(stopped, short))).toMatchObject({ code: "E_INTERRUPTED" });
    const resumed = await identifyByFeatureRe(setupFor({ model, checkpoints }), short);
    expect(numbers(resumed)).toEqual(numbers(whole));
  }
  expect(numbers(await identifyByFeatureRe(setupFor({ model, seed: 2 }), short))).not.toEqual(numbers(whole));
});

test("a generator that the paper's method pretrained is taken from the cache", async () => {
  const { batch, pretrainingSteps, generatorChannels, steps } = short;
  const checkpoints = memoryStore();
  const same = { batch, pretrainingSteps, generatorChannels, steps };
  await identifyByPaper(setupFor({ checkpoints }), { ...paperPresets.gaze, ...same });
  const setup = setupOf({ benign, runtime, seed: 1, checkpoints, runKey: "other" });
  await identifyByFeatureRe(setup, short);
  expect(setup.events).toContainEqual({
    kind: "note",
    message: "pretrained generator taken from the cache",
  });
});

test("without time nothing is known, and too little memory makes the batch smaller", async () => {
  const late = await identifyByFeatureRe(setupFor({ timeBudget: 1e-9 }), { ...short, rule: "threshold" });
  expect(late).toMatchObject({ verdict: "inconclusive", isComplete: false });
  expect(late.reasons.join()).toContain("time budget");
  const setup = setupOf({ benign, runtime, seed: 1, memoryLimit: 1 });
  const found = await identifyByFeatureRe(setup, { ...short, batch: 16 });
  expect(found.measures.batch).toBe(8);
  expect(setup.events.some((event) => event.kind === "warning" && event.message.includes("batch of 8"))).toBe(
    true,
  );
});

test.each([
  ["outputs that do not differ", { benign: blackOf(benign) }, {}, "E_MODEL_OUTPUT", "is the same for all"],
  ["two feature vectors", { model: twoFeatures() }, {}, "E_MODEL_OUTPUT", "found 2 dense layers that read"],
  ["one image", { benign: firstOf(benign, 1) }, {}, "E_IMAGES", "found 1 images"],
  ["an unknown rule", {}, { rule: "paper" as never }, "E_USAGE", "expected one of rank, threshold"],
  ["a mask of more than all", {}, { maskLimit: 1.5 }, "E_USAGE", "found maskLimit = 1.5"],
  ["a step and a half", {}, { steps: 1.5 }, "E_USAGE", "expected a whole number"],
  ["a batch of one", {}, { batch: 1 }, "E_USAGE", "found batch = 1"],
] as const)("%s is refused", async (_, changes, wrong, code, part) => {
  const error = await errorOf(() => identifyByFeatureRe(setupFor(changes), { ...short, ...wrong }));
  expect(error).toMatchObject({ code, message: expect.stringContaining(part) });
});

/** A regressor whose two outputs come from different features. */
function twoFeatures(): ReturnType<typeof cornerBackdoor> {
  return importModel(
    writeModel(
      modelOf({
        opset: 17,
        inputs: [{ name: "x", dtype: "float32", shape: ["N", 3, 8, 8] }],
        nodes: [
          ["Conv", ["x", "conv"], ["c"]],
          ["GlobalAveragePool", ["c"], ["p"]],
          ["Flatten", ["p"], ["h"]],
          ["Sigmoid", ["h"], ["s"]],
          ["Gemm", ["h", "head"], ["a"]],
          ["Gemm", ["s", "head"], ["b"]],
          ["Concat", ["a", "b"], ["y"], { axis: int(1) }],
        ],
        initializers: { conv: someWeights([5, 3, 3, 3], 1), head: someWeights([5, 1], 2) },
      }),
    ),
  );
}

function firstOf(set: ImageSet, count: number): ImageSet {
  const [, c, h, w] = set.shape;
  return { ...set, pixels: set.pixels.slice(0, count * c * h * w), shape: [count, c, h, w] };
}

function blackOf(set: ImageSet): ImageSet {
  return { ...set, pixels: set.pixels.map(() => 0) };
}
