import { expect, test } from "vitest";
import { importModel } from "../../src/models/import.ts";
import { instantiate } from "../../src/models/instance.ts";
import { type Head, type SplitOptions, splitModel } from "../../src/models/split.ts";
import { int, ints } from "../../src/onnx/model.ts";
import { writeModel } from "../../src/onnx/proto.ts";
import { int64, type TensorData } from "../../src/onnx/tensor-data.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { errorOf } from "../support/errors.ts";
import { someWeights } from "../support/identification.ts";
import { modelOf, type NodeLine } from "../support/models.ts";

const runtime = nodeRuntime();

/** Images of 3 x 4 x 4 as features "h" of 5 numbers: what stands before every head here. */
const body: NodeLine[] = [
  ["Conv", ["x", "conv"], ["c"]],
  ["GlobalAveragePool", ["c"], ["p"]],
  ["Flatten", ["p"], ["h"]],
];
const weights: Record<string, TensorData> = {
  conv: someWeights([5, 3, 1, 1], 1),
  columns: someWeights([5, 2], 2),
  rows: someWeights([2, 5], 3),
  bias: someWeights([2], 4),
  sixColumns: someWeights([5, 6], 5),
  hidden: someWeights([5, 7], 6),
  second: someWeights([7, 2], 7),
  kernel: someWeights([2, 5, 1, 1], 8),
  whole: someWeights([2, 3, 4, 4], 9),
  bins: someWeights([5, 66], 10),
  angles: someWeights([66, 1], 11),
  vector: someWeights([5], 12),
  thousand: someWeights([5, 1000], 13),
  column: int64([-1, 1]),
  pair: int64([-1, 2]),
};

async function split(
  nodes: NodeLine[],
  options: Partial<SplitOptions> & { names?: string[] } = {},
): Promise<ReturnType<typeof splitModel>> {
  const used = new Set(nodes.flatMap(([, inputs]) => inputs));
  const initializers = Object.fromEntries(Object.entries(weights).filter(([name]) => used.has(name)));
  const parts = { opset: 17, nodes, initializers, outputs: options.names ?? ["y"] };
  const instance = await instantiate(runtime, importModel(writeModel(modelOf(parts))), [2, 3, 4, 4]);
  return splitModel(instance, { features: null, outputs: null, ...options });
}

const shown = ({ feature, weight, layout, width, rows }: Head): Omit<Head, "node"> => ({
  feature,
  weight,
  layout,
  width,
  rows,
});
const gemmHead = { feature: "h", weight: "columns", layout: "columns", width: 5, rows: 2 };
const columns: NodeLine = ["Gemm", ["h", "columns", "bias"], ["g"]];

test.each([
  ["Gemm", [["Gemm", ["h", "columns", "bias"], ["y"]]], gemmHead],
  ["Gemm without a bias", [["Gemm", ["h", "columns"], ["y"]]], gemmHead],
  [
    "Gemm with transB",
    [["Gemm", ["h", "rows", "bias"], ["y"], { transB: int(1) }]],
    { ...gemmHead, weight: "rows", layout: "rows" },
  ],
  ["MatMul", [["MatMul", ["h", "columns"], ["y"]]], gemmHead],
  [
    "MatMul and Add",
    [
      ["MatMul", ["h", "columns"], ["m"]],
      ["Add", ["m", "bias"], ["y"]],
    ],
    gemmHead,
  ],
  [
    "MatMul with a vector",
    [
      ["MatMul", ["h", "vector"], ["m"]],
      ["Reshape", ["m", "column"], ["y"]],
    ],
    { ...gemmHead, weight: "vector", rows: 1 },
  ],
  ["a function of the outputs", [columns, ["Tanh", ["g"], ["t"]], ["Mul", ["t", "bias"], ["y"]]], gemmHead],
  [
    "two dense layers: the last one",
    [
      ["Gemm", ["h", "hidden"], ["k"]],
      ["Relu", ["k"], ["r"]],
      ["Gemm", ["r", "second"], ["y"]],
    ],
    { feature: "r", weight: "second", layout: "columns", width: 7, rows: 2 },
  ],
  [
    "a convolution of 1 x 1 px on pooled features",
    [
      ["Conv", ["p", "kernel"], ["k"]],
      ["Flatten", ["k"], ["y"]],
    ],
    { feature: "p", weight: "kernel", layout: "rows", width: 5, rows: 2 },
  ],
  [
    "a convolution of the whole image",
    [
      ["Conv", ["x", "whole"], ["k"]],
      ["Flatten", ["k"], ["y"]],
    ],
    { feature: "x", weight: "whole", layout: "rows", width: 48, rows: 2 },
  ],
  [
    "six numbers of a rotation: the layer before its orthogonalisation",
    [
      ["Gemm", ["h", "sixColumns"], ["k"]],
      ["ReduceL2", ["k"], ["n"], { axes: ints([1]), keepdims: int(1) }],
      ["Div", ["k", "n"], ["y"]],
    ],
    { feature: "h", weight: "sixColumns", layout: "columns", width: 5, rows: 6 },
  ],
  [
    "a softmax over bins and its expectation: the layer before the bins",
    [
      ["Gemm", ["h", "bins"], ["k"]],
      ["Softmax", ["k"], ["s"], { axis: int(1) }],
      ["MatMul", ["s", "angles"], ["y"]],
    ],
    { feature: "h", weight: "bins", layout: "columns", width: 5, rows: 66 },
  ],
] as [string, NodeLine[], Omit<Head, "node">][])("%s", async (_, head, expected) => {
  const found = await split([...body, ...head]);
  expect(found.heads.map(shown)).toEqual([expected]);
  expect(found.outputs).toEqual(["y"]);
});

test("a layer for each component is a head each", async () => {
  const found = await split([
    ...body,
    ["MatMul", ["h", "columns"], ["a"]],
    ["Relu", ["h"], ["r"]],
    ["Gemm", ["r", "rows"], ["b"], { transB: int(1) }],
    ["Concat", ["a", "b"], ["y"], { axis: int(1) }],
  ]);
  expect(found.dimension).toBe(4);
  expect(found.heads.map(({ feature }) => feature).sort()).toEqual(["h", "r"]);
});

const twoOutputs: NodeLine[] = [...body, ["Gemm", ["h", "columns"], ["y"]], ["Gemm", ["h", "bins"], ["z"]]];

test("of several outputs those are used that are named, in that order", async () => {
  const both = await split(twoOutputs, { names: ["y", "z"], outputs: ["z", "y"] });
  expect(both).toMatchObject({ dimension: 68, outputs: ["z", "y"] });
  expect(both.heads).toHaveLength(2);
  const one = await split(twoOutputs, { names: ["y", "z"], outputs: ["y"] });
  expect(one.dimension).toBe(2);
  expect(one.heads.map(shown)).toEqual([gemmHead]);
});

test("features may be named by their tensor or by their node, also before a reshape", async () => {
  const nodes: NodeLine[] = [...body, ["Gemm", ["h", "hidden"], ["k"]], ["Gemm", ["k", "second"], ["y"]]];
  for (const features of ["h", "p", "Flatten:h", "GlobalAveragePool:p"]) {
    expect((await split(nodes, { features })).heads.map(shown)).toEqual([
      { feature: "h", weight: "hidden", layout: "columns", width: 5, rows: 7 },
    ]);
  }
});

test.each<[what: string, nodes: NodeLine[]]>([
  ["a pooling", [...body.slice(0, 2), ["Flatten", ["p"], ["y"]]]],
  ["a dense layer", [...body, ["Gemm", ["h", "columns", "bias"], ["y"]]]],
])("where none is wanted, outputs of %s have no head", async (_, nodes) => {
  const { heads, dimension, outputs } = await split(nodes, { features: "none" });
  expect({ heads, outputs }).toEqual({ heads: [], outputs: ["y"] });
  expect(dimension).toBeGreaterThan(1);
});

test.each([
  [
    "several outputs and none chosen",
    twoOutputs,
    { names: ["y", "z"] },
    "E_MODEL_OUTPUT",
    "found 2 outputs (y [2, 2], z [2, 66]), expected one",
  ],
  [
    "an output that is not there",
    twoOutputs,
    { names: ["y", "z"], outputs: ["w"] },
    "E_USAGE",
    "the model has no output w; it has y [2, 2], z [2, 66]",
  ],
  [
    "a map",
    [["Conv", ["x", "conv"], ["y"]]],
    {},
    "E_MODEL_OUTPUT",
    "output y has shape [2, 5, 4, 4], expected [2, d]",
  ],
  [
    "one number for all images",
    [...body, ["ReduceMean", ["h"], ["y"], { keepdims: int(0) }]],
    {},
    "E_MODEL_OUTPUT",
    "output y has shape [], expected [2, d]",
  ],
  [
    "a softmax",
    [...body, columns, ["Softmax", ["g"], ["y"]]],
    {},
    "E_CLASSIFIER",
    "output y ends in Softmax",
  ],
  [
    "a softmax behind a reshape",
    [...body, columns, ["LogSoftmax", ["g"], ["s"]], ["Reshape", ["s", "pair"], ["y"]]],
    {},
    "E_CLASSIFIER",
    "output y ends in LogSoftmax",
  ],
  [
    "a thousand outputs",
    [...body, ["Gemm", ["h", "thousand"], ["y"]]],
    {},
    "E_CLASSIFIER",
    "1000 outputs are the classes of a known data set",
  ],
  [
    "no dense layer",
    [...body.slice(0, 2), ["Flatten", ["p"], ["y"]]],
    {},
    "E_NO_DENSE_HEAD",
    "a path from the output reaches the image",
  ],
  [
    "a path beside the dense layer",
    [...body, columns, ["ReduceMean", ["h"], ["m"], { axes: ints([1]) }], ["Add", ["g", "m"], ["y"]]],
    {},
    "E_NO_DENSE_HEAD",
    "a path from the output reaches the image",
  ],
  [
    "features that no dense layer reads",
    [...body, ["Gemm", ["h", "columns"], ["y"]]],
    { features: "c" },
    "E_NO_DENSE_HEAD",
    "c is not the input of a dense layer",
  ],
  [
    "features that are not there",
    [...body, ["Gemm", ["h", "columns"], ["y"]]],
    { features: "columns" },
    "E_USAGE",
    "no node or tensor columns that depends on the image",
  ],
] as [string, NodeLine[], Partial<SplitOptions> & { names?: string[] }, string, string][])(
  "%s: refused in words",
  async (_, nodes, options, code, part) => {
    const error = await errorOf(() => split(nodes, options));
    expect(error).toMatchObject({ code, message: expect.stringContaining(part) });
  },
);
