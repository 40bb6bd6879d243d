import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { grad } from "../../../src/autodiff/grad.ts";
import { readNpz } from "../../../src/data/npz.ts";
import {
  momentumReversedTrigger,
  objective,
  objectiveTerms,
  perturbation,
} from "../../../src/identification/paper/objective.ts";
import { type PaperOptions, paperPresets } from "../../../src/identification/paper/options.ts";
import { featureAngles } from "../../../src/models/examined-model.ts";
import { float32 } from "../../../src/onnx/tensor-data.ts";
import { compile } from "../../../src/runtime/compile.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import { Graph, type Tensor } from "../../../src/tensor/graph.ts";
import { relativeError } from "../../support/references.ts";

/** Made by tools/make-method-references.py with PyTorch in double precision. */
const reference = await readNpz(
  readFileSync(new URL("../../references/objective.npz", import.meta.url)),
  null,
);
const expected = (name: string): Float32Array => reference.get(name)!.data as Float32Array;

async function run(outputs: Record<string, Tensor>): Promise<Record<string, Float32Array>> {
  const program = await compile(nodeRuntime(), outputs);
  const results = await program.run(Object.fromEntries(reference));
  await program.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, value]) => [name, value.data as Float32Array]),
  );
}

function termsOf(changes: Partial<PaperOptions>, unitFactor = 1) {
  const graph = new Graph();
  const input = (name: string): Tensor => graph.input(name, reference.get(name)!.dims);
  const [clean, reversed, outputs, features, rows] = ["clean", "reversed", "outputs", "features", "rows"].map(
    input,
  ) as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const angles = featureAngles(features, rows);
  const variances = {
    cleanAngleVariance: input("cleanAngleVariance"),
    cleanOutputVariance: input("cleanOutputVariance"),
  };
  const options = { ...paperPresets.gaze, ...changes };
  const terms = objectiveTerms({ clean, reversed, outputs, angles, ...variances }, options, unitFactor);
  return {
    terms,
    options,
    angles,
    norms: perturbation({ clean, reversed }, options),
    wrt: { reversed, outputs, features },
  };
}

const tolerance = 1e-5;

test("the variance of the outputs is in the unit of lambda_1, or relative to the clean one", async () => {
  const degrees = 180 / Math.PI;
  const variance = async (...parameters: Parameters<typeof termsOf>): Promise<Float32Array> =>
    (await run({ it: termsOf(...parameters).terms.outputVariance })).it!;
  expect(relativeError(expected("term absolute in radians"), await variance({}))).toBeLessThan(tolerance);
  expect(relativeError(expected("term absolute in degrees"), await variance({}, degrees))).toBeLessThan(
    tolerance,
  );
  expect(
    relativeError(expected("term relative"), await variance({ outputVariance: "relative" }, degrees)),
  ).toBeLessThan(tolerance);
});

test.each(["sum", "channel-mean"] as const)(
  "the L1 norm is PyTorch's, with the channels' %s",
  async (l1Reduction) => {
    const { l1 } = await run({ l1: termsOf({ l1Reduction }).terms.l1 });
    expect(relativeError(expected(`term l1 ${l1Reduction}`), l1!)).toBeLessThan(tolerance);
  },
);

test("angles, their variance ratio and the norm of each image are PyTorch's, also where a cosine is clamped", async () => {
  const { terms, angles, norms } = termsOf({});
  const found = await run({ coneRatio: terms.coneRatio, angles, norms });
  // Image 1 lies on row 0: its cosine is 1, and is taken as 1 - 1e-6.
  expect(found.angles![2]).toBeCloseTo(Math.acos(1 - 1e-6), 4);
  // Next to 1 a cosine in float32 is 6e-8 off, which is 4e-5 of an angle.
  expect(relativeError(expected("angles"), found.angles!)).toBeLessThan(5e-5);
  expect(relativeError(expected("term coneRatio"), found.coneRatio!)).toBeLessThan(5e-5);
  expect(relativeError(expected("norms"), found.norms!)).toBeLessThan(tolerance);
});

test("the whole objective and its gradient are PyTorch's, with lambdas scaled to the image", async () => {
  const { terms, options, wrt } = termsOf({});
  const loss = objective(terms, options, 3 * 4 * 3);
  const gradients = grad(loss, Object.values(wrt));
  const found = await run({ loss, reversed: gradients[0]!, outputs: gradients[1]!, features: gradients[2]! });
  expect(relativeError(expected("loss"), found.loss!)).toBeLessThan(tolerance);
  for (const name of Object.keys(wrt)) {
    expect(relativeError(expected(`gradient ${name}`), found[name]!), name).toBeLessThan(1e-4);
  }
});

test("lambdas grow with the number of pixel values", async () => {
  const { terms, options } = termsOf({});
  const at = (values: number): Tensor => objective(terms, options, values);
  const { outputVariance, l1, coneRatio } = terms;
  const found = await run({
    outputVariance,
    l1,
    coneRatio,
    reference: at(224 * 224 * 3),
    quarter: at(112 * 112 * 3),
  });
  const weighted = 20 * found.outputVariance![0]! + 800 * found.coneRatio![0]!;
  expect(relativeError([weighted + found.l1![0]!], found.reference!)).toBeLessThan(tolerance);
  expect(relativeError([weighted / 4 + found.l1![0]!], found.quarter!)).toBeLessThan(tolerance);
});

test("the momentum reversed trigger is G(x) (1 - T) + x T", async () => {
  const graph = new Graph();
  const [x, g, t] = [
    graph.input("x", [1, 2, 1, 2]),
    graph.input("g", [1, 2, 1, 2]),
    graph.input("t", [1, 1, 1, 2]),
  ];
  const program = await compile(nodeRuntime(), { y: momentumReversedTrigger(x, g, t) });
  const { y } = await program.run({
    x: float32([1, 0.5, 0, 0.25], [1, 2, 1, 2]),
    g: float32([0, 1, 1, 0.75], [1, 2, 1, 2]),
    t: float32([0.25, 0], [1, 1, 1, 2]),
  });
  await program.release();
  expect(y!.data).toEqual(Float32Array.of(0.25, 1, 0.75, 0.75));
});
