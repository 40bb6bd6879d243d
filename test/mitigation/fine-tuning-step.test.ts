/** A step of fine-tuning against finite differences and closed forms, in lanes and in one program. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  type FineTuningStep,
  fineTuningStep,
  type Tuned,
  type TunedVectors,
} from "../../src/mitigation/fine-tuning-step.ts";
import type { MitigationSetup } from "../../src/mitigation/mitigation.ts";
import { weightedModel } from "../../src/mitigation/trained-model.ts";
import { examine } from "../../src/models/examined-model.ts";
import { importModel } from "../../src/models/import.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import { float32 } from "../../src/onnx/tensor-data.ts";
import { range } from "../../src/tensor/shape.ts";
import { cornerBackdoor, cornerBackdoorFile } from "../support/backdoored.ts";
import { lanesOf } from "../support/lanes.ts";
import { mitigationSetup } from "../support/mitigation.ts";

const [rows, rate] = [5, 0.01];
const at = { features: null, outputs: null };

let setup: MitigationSetup;
/** Labels that no output is near: the L1 loss has no kink there. */
let wanted: Float32Array;
let pixels: Float32Array;
beforeAll(async () => {
  ({ setup } = await mitigationSetup(cornerBackdoorFile([3, -2]), cornerBackdoor(null)));
  wanted = setup.training.labels.slice(0, 2 * rows).map((value, i) => value + (i % 3 === 0 ? 2 : -2));
  pixels = setup.training.clean.pixels.slice(0, rows * 3 * 8 * 8);
});

const begin = (): TunedVectors => {
  const { values } = setup.weights;
  const zeros = new Float32Array(values.length);
  return { weights: values, m: zeros, v: zeros, average: values };
};

const rowsOfStep = () => ({
  image: float32(pixels, [rows, 3, 8, 8]),
  wanted: float32(wanted, [rows, 2]),
});

async function stepIn(
  lanes: number,
  { kept = null as Float32Array | null, keep = 0, before = begin(), of = setup } = {},
): Promise<Tuned & { readonly used: readonly number[] }> {
  const { runtime, asked, released } = lanesOf(lanes);
  const step: FineTuningStep = await fineTuningStep({ ...of, runtime }, rows, kept, true);
  const tuned = await step.run(before, { ...rowsOfStep(), step: 1, rate, keep });
  await step.release();
  expect(released.length).toBe(asked.length);
  return { ...tuned, used: asked.filter((lane) => lane !== undefined) };
}

/** The loss of all rows, by a forward pass alone. */
async function lossWith(weights: Float32Array, images = pixels): Promise<number> {
  const examined = await examine(setup.runtime, setup.model, defaultPreprocessing, [rows, 3, 8, 8], at);
  const model = await weightedModel(setup.runtime, examined, setup);
  const outputs = await model.outputs(weights, images);
  await model.release();
  return outputs.reduce((total, value, i) => total + Math.abs(value - wanted[i]!), 0) / outputs.length;
}

const largestOf = (values: Float32Array): number =>
  values.reduce((most, each) => Math.max(most, Math.abs(each)), 0);

test("the loss, its gradients and Adam's first step are those of the definition", async () => {
  const { loss, m, v, weights, average, imageGradient } = await stepIn(1);
  const { values } = setup.weights;
  expect(loss).toBeCloseTo(await lossWith(values), 5);
  // m = (1 - beta1) g and v = (1 - beta2) g^2 after the first step.
  const gradient = m.map((each) => each / 0.1);
  const most = largestOf(gradient);
  const [h, hOfImage] = [1e-2, 2e-3];
  const moved = (array: Float32Array, k: number, by: number): Float32Array =>
    array.map((value, i) => (i === k ? value + by : value));
  for (let k = 0; k < values.length; k += Math.ceil(values.length / 25)) {
    const slope = ((await lossWith(moved(values, k, h))) - (await lossWith(moved(values, k, -h)))) / (2 * h);
    expect(Math.abs(gradient[k]! - slope)).toBeLessThan(0.01 * most);
  }
  const mostOfImage = largestOf(imageGradient);
  for (let k = 0; k < pixels.length; k += 97) {
    const slopeOf = async (by: number): Promise<number> => lossWith(values, moved(pixels, k, by));
    const slope = ((await slopeOf(hOfImage)) - (await slopeOf(-hOfImage))) / (2 * hOfImage);
    expect(Math.abs(imageGradient[k]! - slope)).toBeLessThan(0.02 * mostOfImage);
  }
  values.forEach((value, k) => {
    expect(v[k]).toBeCloseTo(0.001 * gradient[k]! ** 2, 5);
    if (Math.abs(gradient[k]!) < 1e-4) return;
    expect(weights[k]).toBeCloseTo(value - rate * Math.sign(gradient[k]!), 4);
  });
  expect(average).toEqual(weights);
});

describe.each([2, 3, 8])("%d lanes", (lanes) => {
  test("make the same step as one program, also where rows do not share evenly", async () => {
    const [one, several] = [await stepIn(1, { keep: 0.5 }), await stepIn(lanes, { keep: 0.5 })];
    for (const name of ["weights", "m", "v", "average", "imageGradient"] as const) {
      const apart = largestOf(several[name].map((value, k) => value - one[name][k]!));
      expect(apart).toBeLessThan(1e-5 * Math.max(1, largestOf(one[name])));
    }
    expect(several.loss).toBeCloseTo(one.loss, 5);
    expect(several.used).toEqual(range(Math.min(lanes, rows)));
  });
});

test("the average keeps its part, and what is pruned stays 0", async () => {
  const { values } = setup.weights;
  const kept = values.map((_, i) => i % 2);
  const average = values.map((_, i) => i);
  const { weights, average: next } = await stepIn(2, {
    kept,
    keep: 0.75,
    before: { ...begin(), average },
  });
  weights.forEach((value, k) => {
    if (k % 2 === 0) expect(Math.abs(value)).toBe(0);
    expect(next[k]).toBeCloseTo(0.75 * average[k]! + 0.25 * value, 3);
  });
  expect(largestOf(weights)).toBeGreaterThan(0);
});

test("rows of a file that fixes its batch stay together", async () => {
  const model = importModel(cornerBackdoorFile([3, -2]));
  const fixed = { ...setup, model: { ...model, fixedBatch: rows } };
  const [one, several] = [await stepIn(1), await stepIn(4, { of: fixed })];
  expect(several.used).toEqual([]);
  expect(several.weights).toEqual(one.weights);
});
