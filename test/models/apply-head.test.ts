import { expect, test } from "vitest";
import { applyHead } from "../../src/models/apply-head.ts";
import { applyModel, examine } from "../../src/models/examined-model.ts";
import { importModel } from "../../src/models/import.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import { int } from "../../src/onnx/model.ts";
import { writeModel } from "../../src/onnx/proto.ts";
import { float32 } from "../../src/onnx/tensor-data.ts";
import { compile } from "../../src/runtime/compile.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { Graph } from "../../src/tensor/graph.ts";
import { cornerBackdoor } from "../support/backdoored.ts";
import { errorOf } from "../support/errors.ts";
import { someImages, someWeights } from "../support/identification.ts";
import { modelOf, type NodeLine } from "../support/models.ts";

const runtime = nodeRuntime({ threads: 1 });
const images = someImages(4);

const body: NodeLine[] = [
  ["Conv", ["x", "conv"], ["c"]],
  ["Relu", ["c"], ["r"]],
  ["GlobalAveragePool", ["r"], ["p"]],
  ["Flatten", ["p"], ["h"]],
];

/** A model of 8 x 8 px images with a head, at a batch of four. */
function examined(head: readonly NodeLine[], batch: number | "N" = "N", features: string | null = null) {
  const model = importModel(
    writeModel(
      modelOf({
        opset: 17,
        inputs: [{ name: "x", dtype: "float32", shape: [batch, 3, 8, 8] }],
        nodes: [...body, ...head],
        initializers: {
          conv: someWeights([5, 3, 3, 3], 1),
          columns: someWeights([5, 2], 2),
          others: someWeights([5, 2], 3),
          bias: someWeights([2], 4),
          square: someWeights([2, 2], 5),
          half: float32([0.5], [1]),
        },
      }),
    ),
  );
  return examine(runtime, model, defaultPreprocessing, images.shape, { features, outputs: null });
}

/** f(x), and H(F(x)). */
async function bothOf(which: Awaited<ReturnType<typeof examined>>): Promise<[Float32Array, Float32Array]> {
  const image = new Graph().input("image", images.shape);
  const { outputs, features } = applyModel(which, image);
  const program = await compile(runtime, { outputs, again: applyHead(which, features[0]!) });
  const results = await program.run({ image: float32(images.pixels, images.shape) });
  return [results.outputs!.data as Float32Array, results.again!.data as Float32Array];
}

test.each([
  ["a dense layer", [["Gemm", ["h", "columns", "bias"], ["y"]]]],
  [
    "a dense layer with functions of its output",
    [
      ["MatMul", ["h", "columns"], ["k"]],
      ["Add", ["k", "bias"], ["l"]],
      ["Tanh", ["l"], ["t"]],
      ["Mul", ["t", "half"], ["y"]],
    ],
  ],
  [
    "two dense layers on the same features",
    [
      ["Gemm", ["h", "columns"], ["a"]],
      ["Gemm", ["h", "others"], ["b"]],
      ["Concat", ["a", "b"], ["y"], { axis: int(1) }],
    ],
  ],
] as [string, NodeLine[]][])("H of F is f for %s", async (_, head) => {
  const [outputs, again] = await bothOf(await examined(head));
  expect(again).toEqual(outputs);
});

test("H of F is f for a model that is fixed to a smaller batch, and for one with a jump", async () => {
  const fixed = await examined([["Gemm", ["h", "columns", "bias"], ["y"]]], 2);
  const at = { features: null, outputs: null };
  const jump = await examine(runtime, cornerBackdoor([1, 2]), defaultPreprocessing, images.shape, at);
  for (const which of [fixed, jump]) {
    const [outputs, again] = await bothOf(which);
    expect(again).toEqual(outputs);
  }
});

test("other features give other outputs", async () => {
  const which = await examined([["Gemm", ["h", "columns", "bias"], ["y"]]]);
  const features = new Graph().input("features", [4, 5]);
  const program = await compile(runtime, { outputs: applyHead(which, features) });
  const data = Float32Array.from({ length: 20 }, (_, i) => (i === 7 ? 2 : 0));
  const results = await program.run({ features: float32(data, [4, 5]) });
  const weight = someWeights([5, 2], 2).data as Float32Array;
  const bias = someWeights([2], 4).data as Float32Array;
  for (let i = 0; i < 8; i++) {
    const expected = bias[i % 2]! + (i >= 2 && i < 4 ? 2 * weight[2 * 2 + (i % 2)]! : 0);
    expect((results.outputs!.data as Float32Array)[i]).toBeCloseTo(expected, 5);
  }
});

test.each([
  [
    "dense layers on different features",
    [
      ["Sigmoid", ["h"], ["s"]],
      ["Gemm", ["h", "columns"], ["a"]],
      ["Gemm", ["s", "others"], ["b"]],
      ["Concat", ["a", "b"], ["y"], { axis: int(1) }],
    ],
    null,
    "found 2 dense layers that read",
  ],
  [
    "a way around the features",
    [
      ["Gemm", ["h", "columns"], ["a"]],
      ["Sigmoid", ["h"], ["s"]],
      ["Gemm", ["s", "others"], ["b"]],
      ["Add", ["a", "b"], ["y"]],
    ],
    "s",
    "another way than s",
  ],
] as [string, NodeLine[], string | null, string][])("%s are refused", async (_, head, features, part) => {
  const which = await examined(head, "N", features);
  const error = await errorOf(() => applyHead(which, new Graph().input("features", [4, 5])));
  expect(error).toMatchObject({ code: "E_MODEL_OUTPUT", message: expect.stringContaining(part) });
});
