import { describe, expect, test } from "vitest";
import { rectifyAfterPooling } from "../../src/models/rectify-after-pooling.ts";
import { ints } from "../../src/onnx/model.ts";
import { float32 } from "../../src/onnx/tensor-data.ts";
import { createRandom } from "../../src/random.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { modelOf, type NodeLine, runModel } from "../support/models.ts";

const pool = { kernel_shape: ints([2, 2]), strides: ints([2, 2]), pads: ints([0, 0, 1, 1]) };
const random = createRandom(1);
const x = float32(
  Float32Array.from({ length: 2 * 3 * 4 * 4 }, () => random.normal()),
  [2, 3, 4, 4],
);

async function outputs(nodes: readonly NodeLine[], names: string[], rewrite: boolean): Promise<unknown[]> {
  const model = modelOf({ opset: 17, nodes, outputs: names });
  const graph = rewrite ? rectifyAfterPooling(model.graph) : model.graph;
  const results = await runModel(nodeRuntime(), { ...model, graph }, { x });
  return names.map((name) => results[name]!.data);
}

const operators = (nodes: readonly NodeLine[], names: string[]): string[] =>
  rectifyAfterPooling(modelOf({ opset: 17, nodes, outputs: names }).graph).nodes.map((node) => node.op);

describe("a Relu that only max pools read", () => {
  const nodes: NodeLine[] = [
    ["Relu", ["x"], ["r"]],
    ["MaxPool", ["r"], ["y"], pool],
    ["MaxPool", ["r"], ["z"], { kernel_shape: ints([3, 3]) }],
  ];
  test("goes behind each of them", () => {
    expect(operators(nodes, ["y", "z"])).toEqual(["MaxPool", "Relu", "MaxPool", "Relu"]);
  });
  test("leaves the function as it is, also at padded edges", async () => {
    expect(await outputs(nodes, ["y", "z"], true)).toEqual(await outputs(nodes, ["y", "z"], false));
  });
});

describe("a Relu stays where it is", () => {
  const cases: [why: string, nodes: NodeLine[], names: string[]][] = [
    [
      "something else reads it",
      [
        ["Relu", ["x"], ["r"]],
        ["MaxPool", ["r"], ["y"], pool],
        ["Neg", ["r"], ["z"]],
      ],
      ["y", "z"],
    ],
    [
      "it is an output",
      [
        ["Relu", ["x"], ["r"]],
        ["MaxPool", ["r"], ["y"], pool],
      ],
      ["y", "r"],
    ],
    [
      "the pool says where its maxima were",
      [
        ["Relu", ["x"], ["r"]],
        ["MaxPool", ["r"], ["y", "i"], pool],
      ],
      ["y", "i"],
    ],
    [
      "the pool is of another kind",
      [
        ["Relu", ["x"], ["r"]],
        ["AveragePool", ["r"], ["y"], pool],
      ],
      ["y"],
    ],
  ];
  test.for(cases)("where %s", ([, nodes, names]) => {
    expect(operators(nodes, names)).toEqual(nodes.map(([op]) => op));
  });
});
