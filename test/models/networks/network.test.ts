import { describe, expect, test } from "vitest";
import { grad } from "../../../src/autodiff/grad.ts";
import {
  initializeNetwork,
  networkInInference,
  networkInTraining,
  networkShapes,
  parameterCount,
} from "../../../src/models/networks/network.ts";
import type { TensorData } from "../../../src/onnx/tensor-data.ts";
import { createRandom } from "../../../src/random.ts";
import { compile } from "../../../src/runtime/compile.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import { abs, sub } from "../../../src/tensor/elementwise.ts";
import { Graph, type Tensor } from "../../../src/tensor/graph.ts";
import { mean } from "../../../src/tensor/reduction.ts";
import { errorOf } from "../../support/errors.ts";
import { networkReference, referenceNetworks } from "../../support/network-references.ts";
import { relativeError } from "../../support/references.ts";

const common = { image: [3, 224, 224], outputs: 1000, width: 1, stem: "auto" } as const;
const data = (value: TensorData): Float32Array => value.data as Float32Array;

test.each([
  // Of torchvision's documentation, and of Keras's for MobileNet (trainable ones).
  ["resnet18", 11_689_512],
  ["resnet34", 21_797_672],
  ["mobilenetv1", 4_231_976],
] as const)("%s has the published number of parameters", (architecture, count) => {
  expect(parameterCount({ ...common, architecture })).toBe(count);
});

describe.each(referenceNetworks)("$architecture, $stem", (options) => {
  test("has PyTorch's parameters and statistics", async () => {
    const reference = await networkReference(options);
    const shapes = networkShapes(options);
    const sorted = (names: string[]): string[] => [...names].sort();
    expect(sorted(shapes.parameters.map(({ name }) => name))).toEqual(
      sorted(Object.keys(reference.parameters)),
    );
    for (const { name, shape } of shapes.parameters) expect(reference.parameters[name]!.dims).toEqual(shape);
    for (const { name, shape } of shapes.statistics) expect(reference.statistics[name]!.dims).toEqual(shape);
  });

  test("in training agrees with PyTorch: outputs, loss, statistics, every gradient", async () => {
    const reference = await networkReference(options);
    const graph = new Graph();
    const x = graph.input("x", reference.arrays.x!.dims);
    const y = graph.input("y", reference.arrays.y!.dims);
    const names = Object.keys(reference.parameters);
    const parameters = Object.fromEntries(
      names.map((name): [string, Tensor] => [name, graph.input(name, reference.parameters[name]!.dims)]),
    );
    const { outputs, batchStatistics } = networkInTraining(x, parameters, options);
    const loss = mean(abs(sub(outputs, y)));
    const gradients = grad(
      loss,
      names.map((name) => parameters[name]!),
    );
    const program = await compile(nodeRuntime(), {
      outputs,
      loss,
      ...batchStatistics,
      ...Object.fromEntries(names.map((name, i) => [`gradient ${name}`, gradients[i]!])),
    });
    const results = await program.run({
      x: reference.arrays.x!,
      y: reference.arrays.y!,
      ...reference.parameters,
    });
    await program.release();
    const check = (expected: TensorData, name: string, tolerance: number): void =>
      expect(relativeError(data(expected), data(results[name]!)), name).toBeLessThan(tolerance);
    check(reference.arrays.outputs!, "outputs", 1e-4);
    check(reference.arrays.loss!, "loss", 1e-4);
    for (const [name, value] of Object.entries(reference.batchStatistics)) check(value, name, 1e-4);
    for (const name of names) check(reference.gradients[name]!, `gradient ${name}`, 1e-3);
  });

  test("in inference agrees with PyTorch", async () => {
    const reference = await networkReference(options);
    const graph = new Graph();
    const inputs = (arrays: typeof reference.parameters): Record<string, Tensor> =>
      Object.fromEntries(Object.entries(arrays).map(([name, { dims }]) => [name, graph.input(name, dims)]));
    const [parameters, statistics] = [inputs(reference.parameters), inputs(reference.statistics)];
    const x = graph.input("x", reference.arrays.x!.dims);
    const { outputs } = networkInInference(x, parameters, statistics, options);
    const program = await compile(nodeRuntime(), { outputs });
    const results = await program.run({
      x: reference.arrays.x!,
      ...reference.parameters,
      ...reference.statistics,
    });
    await program.release();
    expect(relativeError(data(reference.arrays.inference!), data(results.outputs!))).toBeLessThan(1e-4);
  });
});

test("a new network has He's variances, scales of 1 and shifts of 0, and a seed gives it again", () => {
  const options = {
    ...common,
    architecture: "resnet18",
    image: [3, 32, 32],
    outputs: 40,
    width: 0.25,
  } as const;
  const { parameters, statistics } = initializeNetwork(options, createRandom(3));
  const scaledVariance = (name: string, inputs: number): number => {
    const weight = data(parameters[name]!);
    return (weight.reduce((sum, w) => sum + w * w, 0) / weight.length) * inputs;
  };
  // The standard deviation of such an estimate over n numbers is sqrt(2 / n): 0.4 % of the first, 2 % of the last.
  expect(scaledVariance("stage4.0.b.weight", 128 * 9) / 2).toBeCloseTo(1, 1);
  expect(scaledVariance("stage4.0.shortcut.weight", 64) / 2).toBeCloseTo(1, 1);
  expect(scaledVariance("head.weight", 128)).toBeCloseTo(1, 0);
  expect(new Set(data(parameters["stem.gamma"]!))).toEqual(new Set([1]));
  expect(new Set(data(parameters["stem.beta"]!))).toEqual(new Set([0]));
  expect(new Set(data(statistics["stem.variance"]!))).toEqual(new Set([1]));
  expect(new Set(data(statistics["stem.mean"]!))).toEqual(new Set([0]));
  const stemOf = (seed: number): TensorData =>
    initializeNetwork(options, createRandom(seed)).parameters["stem.weight"]!;
  expect(stemOf(3)).toEqual(parameters["stem.weight"]);
  expect(stemOf(4)).not.toEqual(parameters["stem.weight"]);
});

test.each([
  [{ outputs: 0 }, "E_SHAPE"],
  [{ width: -1 }, "E_SHAPE"],
  [{ image: [3, 0, 32] as const }, "E_SHAPE"],
  [{ architecture: "vgg" as never }, "E_USAGE"],
])("options of no network are refused: %o", async (changes, code) => {
  const error = await errorOf(() => networkShapes({ ...common, architecture: "resnet18", ...changes }));
  expect(error.code).toBe(code);
});
