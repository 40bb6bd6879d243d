/** Which weights of a file are trained, and their gradients through the imported graph. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { grad } from "../../src/autodiff/grad.ts";
import { trainableWeights } from "../../src/mitigation/trainable-weights.ts";
import { applyWithWeights } from "../../src/mitigation/trained-model.ts";
import { examine } from "../../src/models/examined-model.ts";
import type { HeldInputs } from "../../src/models/held-inputs.ts";
import { importModel } from "../../src/models/import.ts";
import { instantiate } from "../../src/models/instance.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import { int, ints, type OnnxModel } from "../../src/onnx/model.ts";
import { readModel, writeModel } from "../../src/onnx/proto.ts";
import { float32, int64, type TensorData } from "../../src/onnx/tensor-data.ts";
import { compile, type Program } from "../../src/runtime/compile.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { Graph } from "../../src/tensor/graph.ts";
import { mean, variance } from "../../src/tensor/reduction.ts";
import { errorOf } from "../support/errors.ts";
import { someWeights } from "../support/identification.ts";
import { modelOf } from "../support/models.ts";
import { readReference } from "../support/references.ts";

const runtime = nodeRuntime({ threads: 1 });
const references = join(import.meta.dirname, "..", "references");

async function namesOf(
  model: OnnxModel,
  shape: readonly number[] = [2, 3, 4, 4],
  held: HeldInputs = {},
): Promise<string[]> {
  const bytes = writeModel(model);
  const instance = await instantiate(runtime, importModel(bytes, undefined, held), shape);
  return trainableWeights(readModel(bytes), instance).packing.map(({ name }) => name);
}

describe("which weights are trained", () => {
  test("kernels, biases, scales and shifts, but no statistics and nothing that outputs are scaled by", async () => {
    const names = await namesOf(
      modelOf({
        opset: 17,
        nodes: [
          ["Sub", ["x", "mean"], ["centred"]],
          ["Conv", ["centred", "kernel", "bias"], ["c"], { pads: ints([1, 1, 1, 1]) }],
          ["BatchNormalization", ["c", "gamma", "beta", "running", "spread"], ["n"]],
          ["PRelu", ["n", "slope"], ["r"]],
          ["GlobalAveragePool", ["r"], ["p"]],
          ["Flatten", ["p"], ["h"]],
          ["Transpose", ["head"], ["columns"], { perm: ints([1, 0]) }],
          ["MatMul", ["h", "columns"], ["m"]],
          ["Add", ["m", "shift"], ["a"]],
          ["Mul", ["a", "unit"], ["y"]],
        ],
        initializers: {
          mean: someWeights([1, 3, 1, 1], 1),
          kernel: someWeights([5, 3, 3, 3], 2),
          bias: someWeights([5], 3),
          gamma: someWeights([5], 4),
          beta: someWeights([5], 5),
          running: someWeights([5], 6),
          spread: float32(new Array(5).fill(1)),
          slope: someWeights([5, 1, 1], 7),
          head: someWeights([2, 5], 8),
          shift: someWeights([2], 9),
          unit: someWeights([2], 10),
        },
      }),
    );
    expect(names).toEqual(["kernel", "bias", "gamma", "beta", "slope", "head", "shift"]);
  });

  test("what sees an input that is held alone is not trained, what joins it to the image is", async () => {
    const model = modelOf({
      opset: 17,
      inputs: [
        { name: "pose", dtype: "float32", shape: ["N", 2] },
        { name: "x", dtype: "float32", shape: ["N", 3, 4, 4] },
      ],
      nodes: [
        ["Transpose", ["pose.rows"], ["pose.columns"], { perm: ints([1, 0]) }],
        ["MatMul", ["pose", "pose.columns"], ["q"]],
        ["Add", ["q", "pose.bias"], ["posed"]],
        ["Conv", ["x", "kernel", "bias"], ["c"], { pads: ints([1, 1, 1, 1]) }],
        ["GlobalAveragePool", ["c"], ["g"]],
        ["Flatten", ["g"], ["f"]],
        ["Concat", ["f", "posed"], ["h"], { axis: int(1) }],
        ["Gemm", ["h", "head"], ["y"]],
      ],
      initializers: {
        "pose.rows": someWeights([6, 2], 1),
        "pose.bias": someWeights([6], 2),
        kernel: someWeights([5, 3, 3, 3], 3),
        bias: someWeights([5], 4),
        head: someWeights([11, 2], 5),
      },
    });
    expect(await namesOf(model, [2, 3, 4, 4], { pose: [0.3] })).toEqual(["kernel", "bias", "head"]);
  });

  test("what is read in two ways is not trained: exporters share equal constants", async () => {
    const ones = float32(new Array(3).fill(1));
    const names = await namesOf(
      modelOf({
        opset: 17,
        nodes: [
          ["BatchNormalization", ["x", "ones", "beta", "zeros", "ones"], ["n"]],
          ["Conv", ["n", "kernel"], ["y"]],
        ],
        initializers: {
          ones,
          beta: someWeights([3], 1),
          zeros: float32([0, 0, 0]),
          kernel: someWeights([2, 3, 1, 1], 2),
        },
      }),
    );
    expect(names).toEqual(["beta", "kernel"]);
  });

  test("a model without float weights is refused", async () => {
    const bytes = writeModel(
      modelOf({
        opset: 17,
        nodes: [["Reshape", ["x", "shape"], ["y"]]],
        initializers: { shape: int64([0, -1]) },
      }),
    );
    const instance = await instantiate(runtime, importModel(bytes), [2, 3, 4, 4]);
    expect(await errorOf(() => trainableWeights(readModel(bytes), instance))).toMatchObject({
      code: "E_DTYPE",
    });
  });
});

/** Of many kinds: folded and free batch norm, half precision, functions, dense layers over tokens, recurrence, NHWC. */
const networks = [
  "resnet_opset9",
  "resnet_opset17",
  "vgg_bn_opset13",
  "fp16_weights",
  "functions_opset17",
  "mobilenet_v2_opset14",
  "keras_resnet_opset11",
  "vit_opset17",
  "vit_opset9_fixed_batch",
  "swin_opset17",
  "convnext_opset17",
  "recurrent_opset14",
];

/** Midpoints of a line. */
const points = 24;
/** Half the length of the line, in units of the weights' own norm. */
const reach = 2e-4;

/**
 * How far the loss rises along a line, and the integral of its slope there: they agree however many kinks there are, where a central
 * difference would not.
 */
async function alongLine(
  program: Program,
  feeds: { readonly image: TensorData; readonly weights: TensorData },
  direction: Float32Array,
): Promise<[rise: number, integral: number]> {
  const at = feeds.weights.data as Float32Array;
  const half = (reach * Math.hypot(...at)) / Math.hypot(...direction);
  const run = (t: number) =>
    program.run({ ...feeds, weights: float32(at.map((value, i) => value + t * half * direction[i]!)) });
  const lossAt = async (t: number): Promise<number> => ((await run(t)).loss!.data as Float32Array)[0]!;
  let slopes = 0;
  for (let k = 0; k < points; k++) {
    const gradient = (await run((2 * k + 1) / points - 1)).gradient!.data as Float32Array;
    slopes += gradient.reduce((total, value, i) => total + value * direction[i]!, 0);
  }
  return [(await lossAt(1)) - (await lossAt(-1)), (2 * half * slopes) / points];
}

describe("the gradient by all weights agrees with differences of the loss", () => {
  test.each(networks)("%s", async (name) => {
    const bytes = readFileSync(join(references, `${name}.onnx`));
    const { model, x } = await readReference(references, name);
    const isLast = name.startsWith("keras");
    const [n, a, b, c] = x.dims as [number, number, number, number];
    const shape = (isLast ? [n, c, a, b] : x.dims) as [number, number, number, number];
    const preprocessing = { ...defaultPreprocessing, layout: isLast ? "nhwc" : "nchw" } as const;
    const examined = await examine(runtime, model, preprocessing, shape, { features: null, outputs: null });
    const weights = trainableWeights(readModel(bytes), examined.instance);
    const graph = new Graph();
    const image = graph.input("image", shape);
    const vector = graph.input("weights", [weights.values.length]);
    const { outputs } = applyWithWeights(examined, image, vector, weights);
    const loss = mean(variance(outputs, { axes: [0] }));
    const [gradient] = grad(loss, [vector]);
    const program = await compile(runtime, { loss, gradient: gradient! });
    const pixels = someWeights(shape, 3);
    const feeds = { image: pixels, weights: float32(weights.values) };
    const found = (await program.run(feeds)).gradient!.data as Float32Array;
    const [rise, integral] = await alongLine(program, feeds, found);
    expect(Math.abs(rise - integral)).toBeLessThan(0.02 * Math.abs(rise));
    // Every weight has a part in it: none was left out on the way.
    let start = 0;
    const still: string[] = [];
    for (const { name: own, shape: dims } of weights.packing) {
      const size = dims.reduce((product, dim) => product * dim, 1);
      if (found.subarray(start, start + size).every((value) => value === 0)) still.push(own);
      start += size;
    }
    expect(still.length).toBeLessThan(weights.packing.length / 2);
    await program.release();
  });
});
