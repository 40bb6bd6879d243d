/** Fine-tuning of a small model whose output jumps when a corner has a pattern. */
import { beforeAll, describe, expect, test } from "vitest";
import { subsetOf } from "../../src/data/subset.ts";
import { predict } from "../../src/identification/predict.ts";
import { errorMeasureFor } from "../../src/metrics/regression-error.ts";
import { mitigate } from "../../src/mitigation/methods.ts";
import type { MitigationSetup, RepairImages } from "../../src/mitigation/mitigation.ts";
import { trainableWeights } from "../../src/mitigation/trainable-weights.ts";
import { weightedModel } from "../../src/mitigation/trained-model.ts";
import { examine } from "../../src/models/examined-model.ts";
import { importModel } from "../../src/models/import.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import { readModel } from "../../src/onnx/proto.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { range } from "../../src/tensor/shape.ts";
import { cornerBackdoor, cornerBackdoorFile, withCornerPattern } from "../support/backdoored.ts";
import { errorOf } from "../support/errors.ts";
import { memoryStore, someImages } from "../support/identification.ts";

const runtime = nodeRuntime({ threads: 1 });
const images = someImages(60);
const target = [3, -2];
const at = { features: null, outputs: null };
const short = { steps: 120, batch: 16, learningRate: 1e-2, evaluateEvery: 10, shift: 0, gain: 0 };

let setup: MitigationSetup;
let held: RepairImages;

/** Labels are what the model would say without the jump. */
async function imagesWith(indices: readonly number[]): Promise<RepairImages> {
  const clean = subsetOf(images, indices);
  const examined = await examine(runtime, cornerBackdoor(null), defaultPreprocessing, clean.shape, at);
  const labels = await predict(runtime, examined, clean);
  return { clean: { ...clean, labels }, labels, triggered: [withCornerPattern(clean.pixels)] };
}

beforeAll(async () => {
  const bytes = cornerBackdoorFile(target);
  const model = importModel(bytes);
  const examined = await examine(runtime, model, defaultPreprocessing, [4, 3, 8, 8], at);
  held = await imagesWith(range(12).map((i) => i + 48));
  setup = {
    runtime,
    model,
    weights: trainableWeights(readModel(bytes), examined.instance),
    preprocessing: defaultPreprocessing,
    ...at,
    training: await imagesWith(range(36)),
    validation: await imagesWith(range(12).map((i) => i + 36)),
    measure: errorMeasureFor(["a", "b"], "as given"),
    maxDegradation: 0.1,
    seed: 1,
    runKey: "repair",
    deadline: null,
    memoryLimit: null,
    checkpoints: memoryStore(),
    onEvent: () => {},
    shouldStop: () => false,
  };
});

async function errorsOf(
  weights: Float32Array,
): ReturnType<Awaited<ReturnType<typeof weightedModel>>["errors"]> {
  const examined = await examine(runtime, setup.model, defaultPreprocessing, [4, 3, 8, 8], at);
  const meter = await weightedModel(runtime, examined, setup);
  const errors = await meter.errors(weights, held);
  await meter.release();
  return errors;
}

const fresh = (changes: Partial<MitigationSetup> = {}): MitigationSetup => ({
  ...setup,
  checkpoints: memoryStore(),
  ...changes,
});

describe("unlearning", () => {
  test("takes the jump out, which fine-tuning on clean images does not", async () => {
    const before = await errorsOf(setup.weights.values);
    const unlearned = await mitigate(fresh(), "unlearning", short);
    const tuned = await mitigate(fresh(), "fine-tuning", short);
    const after = await errorsOf(unlearned.weights);
    const plain = await errorsOf(tuned.weights);
    expect(before.triggered[0]).toBeGreaterThan(1);
    expect(after.triggered[0]).toBeLessThan(0.2 * before.triggered[0]!);
    expect(after.clean).toBeLessThan(0.1);
    expect(plain.triggered[0]).toBeGreaterThan(2 * after.triggered[0]!);
    expect(unlearned).toMatchObject({ isComplete: true, measures: { steps: short.steps } });
  });

  test("the weights are those that did best on the validation images", async () => {
    const found = await mitigate(fresh(), "unlearning", short);
    const scores = found.history.flatMap(({ step, values: { cleanError, triggeredError } }) =>
      cleanError === undefined ? [] : [{ step, score: cleanError + triggeredError! }],
    );
    const best = scores.reduce((low, each) => (each.score < low.score ? each : low));
    expect(scores).toHaveLength(short.steps / short.evaluateEvery);
    expect(found.measures.bestStep).toBe(best.step + 1);
  });

  test("what was interrupted ends with the same bits, and another seed with others", async () => {
    const whole = await mitigate(fresh(), "unlearning", { ...short, steps: 30 });
    const checkpoints = memoryStore();
    let asked = 0;
    const shouldStop = (): boolean => ++asked === 17;
    const error = await errorOf(() =>
      mitigate(fresh({ checkpoints, shouldStop }), "unlearning", { ...short, steps: 30 }),
    );
    expect(error.code).toBe("E_INTERRUPTED");
    const resumed = await mitigate(fresh({ checkpoints }), "unlearning", { ...short, steps: 30 });
    expect(resumed.weights).toEqual(whole.weights);
    expect(resumed.history).toEqual(whole.history);
    const other = await mitigate(fresh({ seed: 2 }), "unlearning", { ...short, steps: 30 });
    expect(other.weights).not.toEqual(whole.weights);
  });

  test("varied images are others in each step, and the same again with the same seed", async () => {
    const varied = { ...short, steps: 10, shift: 0.2, gain: 0.2 };
    const [first, second] = [
      await mitigate(fresh(), "unlearning", varied),
      await mitigate(fresh(), "unlearning", varied),
    ];
    const plain = await mitigate(fresh(), "unlearning", { ...varied, shift: 0, gain: 0 });
    expect(first.weights).toEqual(second.weights);
    expect(first.weights).not.toEqual(plain.weights);
  });

  test("without time nothing is trained, and it says so", async () => {
    const found = await mitigate(fresh({ deadline: 0 }), "unlearning", short);
    expect(found).toMatchObject({ isComplete: false, measures: { steps: 0 } });
    expect(found.weights).toEqual(setup.weights.values);
  });

  test("options out of their range are refused, and too little memory makes the batch small", async () => {
    expect(await errorOf(() => mitigate(fresh(), "unlearning", { steps: 0 }))).toMatchObject({
      code: "E_USAGE",
    });
    const events: string[] = [];
    await mitigate(
      fresh({ memoryLimit: 1, onEvent: (event) => event.kind === "warning" && events.push(event.message) }),
      "unlearning",
      { ...short, steps: 1 },
    );
    expect(events.join()).toContain("batch of 4 instead of 16");
  });
});
