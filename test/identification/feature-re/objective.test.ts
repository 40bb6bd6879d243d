import { beforeAll, expect, test } from "vitest";
import { grad } from "../../../src/autodiff/grad.ts";
import {
  type CleanScale,
  featureTerms,
  objective,
} from "../../../src/identification/feature-re/objective.ts";
import { type FeatureReOptions, featureReDefaults } from "../../../src/identification/feature-re/options.ts";
import { applyModel, examine } from "../../../src/models/examined-model.ts";
import { defaultPreprocessing } from "../../../src/models/preprocessing.ts";
import { float32, type TensorData } from "../../../src/onnx/tensor-data.ts";
import { createRandom } from "../../../src/random.ts";
import { compile, type Program } from "../../../src/runtime/compile.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import { Graph } from "../../../src/tensor/graph.ts";
import { reshape } from "../../../src/tensor/movement.ts";
import { slopeRatio } from "../../support/directional.ts";
import { someImages, someWeights, tinyRegressor } from "../../support/identification.ts";

const runtime = nodeRuntime({ threads: 1 });
const [batch, m, d] = [4, 6, 2];
const shape = [batch, 3, 8, 8] as const;
const images = someImages(batch);
const scale: CleanScale = {
  mean: [0.1, -0.2],
  std: [0.5, 2],
  featureStd: [0.1, 0.2, 0.05, 0.1, 0.3, 0.2],
  largestNorm: 50,
};
/** Limits that the example is beyond, so that every term has a slope. */
const options: FeatureReOptions = { ...featureReDefaults, spreadLimit: 0.01 };
const names = ["error", "perturbation", "spread", "maskShare"];

let program: Program;
let feeds: Record<string, TensorData>;
beforeAll(async () => {
  const at = { features: null, outputs: null };
  const examined = await examine(runtime, tinyRegressor(), defaultPreprocessing, shape, at);
  const graph = new Graph();
  const generated = graph.input("generated", [batch * 3 * 8 * 8]);
  const inputs = {
    clean: graph.input("clean", shape),
    generated: reshape(generated, shape),
    mask: graph.input("mask", [m]),
    target: graph.input("target", [d]),
  };
  const terms = featureTerms(inputs, examined, scale);
  const loss = objective(terms, options, m);
  const [ofGenerated, ofMask, ofTarget] = grad(loss, [generated, inputs.mask, inputs.target]);
  program = await compile(runtime, {
    loss,
    ...terms,
    ofGenerated: ofGenerated!,
    ofMask: ofMask!,
    ofTarget: ofTarget!,
    features: applyModel(examined, inputs.clean).features[0]!,
    reversed: applyModel(examined, inputs.generated).features[0]!,
  });
  const random = createRandom(4);
  feeds = {
    clean: float32(images.pixels, shape),
    generated: float32(images.pixels.map((value) => 0.7 * value + 0.3 * random.uniform())),
    mask: float32([0.3, -0.4, 0.1, -1, 0.8, 0]),
    target: float32([0.4, -0.3]),
  };
});

const numbers = (results: Readonly<Record<string, TensorData>>, name: string): number[] => [
  ...(results[name]!.data as Float32Array),
];

test.each([
  ["generated", "ofGenerated"],
  ["mask", "ofMask"],
  ["target", "ofTarget"],
])("Eq. 9 rises along its gradient by %s as much as that says", async (vector, name) => {
  const gradient = (await program.run(feeds))[name]!.data as Float32Array;
  expect(Math.hypot(...gradient)).toBeGreaterThan(1e-2);
  expect(await slopeRatio(program, feeds, ["loss"], vector, gradient, 0.005)).toBeCloseTo(1, 1);
});

test("the terms are those of Eq. 9 by hand", async () => {
  const results = await program.run(feeds);
  const [features, reversed] = ["features", "reversed"].map((name) => numbers(results, name));
  const mask = numbers({ mask: feeds.mask! }, "mask").map((value) => Math.tanh(value) / 2 + 0.5);
  const column = (values: number[], k: number): number[] => values.filter((_, i) => i % m === k);
  const meanOf = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const stdOf = (values: number[]): number =>
    Math.sqrt(meanOf(values.map((value) => (value - meanOf(values)) ** 2)));
  // t = mean(m F(G(x))), and (1 - m) a + m t.
  const t = mask.map((value, k) => value * meanOf(column(reversed!, k)));
  const mixed = features!.map((value, i) => (1 - mask[i % m]!) * value + mask[i % m]! * t[i % m]!);
  // H is the last dense layer of the small regressor.
  const [head, bias] = [someWeights([m, d], 8), someWeights([d], 9)].map(({ data }) => data as Float32Array);
  const target = numbers({ target: feeds.target! }, "target");
  const off: number[] = [];
  for (let i = 0; i < batch; i++) {
    for (let j = 0; j < d; j++) {
      const output = mask.reduce((sum, _, k) => sum + mixed[i * m + k]! * head![k * d + j]!, bias![j]!);
      off.push(Math.abs((output - scale.mean[j]!) / scale.std[j]! - target[j]!));
    }
  }
  const generated = numbers(feeds, "generated");
  const change = images.pixels.map((value, i) => Math.abs(value - generated[i]!));
  const spread = mask.reduce((sum, value, k) => sum + value * stdOf(column(reversed!, k)), 0);
  const cleanSpread = mask.reduce((sum, value, k) => sum + value * scale.featureStd[k]!, 0);
  const expected = {
    error: meanOf(off),
    perturbation: change.reduce((a, b) => a + b, 0) / batch / scale.largestNorm,
    spread: spread / cleanSpread,
    maskShare: meanOf(mask),
  };
  for (const name of names) {
    expect(numbers(results, name)[0], name).toBeCloseTo(expected[name as keyof typeof expected], 4);
  }
  const loss =
    expected.error +
    options.lambda3 * expected.perturbation +
    options.spreadWeight * (expected.spread - options.spreadLimit) +
    options.maskWeight * m * (expected.maskShare - options.maskLimit);
  expect(numbers(results, "loss")[0]).toBeCloseTo(loss, 3);
});

test("constraints that are met cost nothing", async () => {
  const { lambda3 } = options;
  // A mask of next to nothing, and images that are all one: no spread.
  const one = images.pixels.slice(0, 3 * 64);
  const generated = Float32Array.from({ length: batch * 3 * 64 }, (_, i) => one[i % one.length]!);
  const results = await program.run({
    ...feeds,
    generated: float32(generated),
    mask: float32(new Array(m).fill(-3)),
  });
  const [loss, error, perturbation] = ["loss", "error", "perturbation"].map(
    (name) => numbers(results, name)[0]!,
  );
  expect(loss).toBeCloseTo(error! + lambda3 * perturbation!, 4);
});
