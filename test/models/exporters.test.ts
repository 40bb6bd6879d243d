/**
 * Graph forms of exporters newer than those behind test/references: operator sets 18 to 24, functions, and what
 * Keras 3 writes. The gradient of each whole model is held against finite differences.
 */
import { describe, expect, test } from "vitest";
import { checkModel } from "../../src/models/check.ts";
import { type ImportedModel, importModel } from "../../src/models/import.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import { inlineFunctions } from "../../src/onnx/functions.ts";
import { type Attribute, float, int, ints, type OnnxFunction, string } from "../../src/onnx/model.ts";
import { writeModel } from "../../src/onnx/proto.ts";
import { float32, int64, type TensorData } from "../../src/onnx/tensor-data.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { valuesFrom } from "../numeric/values.ts";
import { graphOf, modelOf, type NodeLine, node } from "../support/models.ts";

const runtime = nodeRuntime({ threads: 1 });

/** Weights of a size that keeps activations near 1. */
let seed = 0;
function weight(...dims: number[]): TensorData {
  seed += 1;
  const fanIn = Math.max(
    1,
    dims.slice(1).reduce((a, b) => a * b, 1),
  );
  const { data } = valuesFrom(seed, dims);
  return float32(
    (data as Float32Array).map((v) => v / Math.sqrt(fanIn)),
    dims,
  );
}

const ones = (n: number): TensorData => float32(new Float32Array(n).fill(1));
const zeros = (n: number): TensorData => float32(new Float32Array(n));
const list = (...values: number[]): TensorData => int64(values);

/** A model of images of 16 x 16 that ends in a dense layer "head" over "features" [N, width]. */
interface Exported {
  readonly opset: number;
  readonly width: number;
  readonly lines: readonly NodeLine[];
  readonly weights: Readonly<Record<string, TensorData>>;
  readonly functions?: readonly OnnxFunction[];
  readonly layout?: "nchw" | "nhwc";
}

function built({ opset, width, lines, weights, functions = [], layout = "nchw" }: Exported): ImportedModel {
  const shape = layout === "nhwc" ? ["s0", 16, 16, 3] : ["s0", 3, 16, 16];
  const model = modelOf({
    opset,
    irVersion: 10,
    domains: Object.fromEntries(functions.map((f) => [f.domain, 1])),
    inputs: [{ name: "x", dtype: "float32", shape }],
    nodes: [...lines, ["Gemm", ["features", "head.weight", "head.bias"], ["y"], { transB: int(1) }]],
    initializers: { ...weights, "head.weight": weight(2, width), "head.bias": weight(2) },
  });
  // Functions are not written to files here; a file's are inlined the same way.
  return importModel(writeModel(inlineFunctions({ ...model, functions })));
}

/** Tokens [N, 16, 8] of patches of 4 x 4. */
const patches: readonly NodeLine[] = [
  [
    "Conv",
    ["x", "patch.weight", "patch.bias"],
    ["patched"],
    { kernel_shape: ints([4, 4]), strides: ints([4, 4]) },
  ],
  ["Shape", ["patched"], ["batch"], { start: int(0), end: int(1) }],
  ["Concat", ["batch", "eight", "minus"], ["flat.shape"], { axis: int(0) }],
  ["Reshape", ["patched", "flat.shape"], ["flat"], { allowzero: int(1) }],
  ["Transpose", ["flat"], ["tokens"], { perm: ints([0, 2, 1]) }],
];
const patchWeights = {
  "patch.weight": weight(8, 3, 4, 4),
  "patch.bias": weight(8),
  eight: list(8),
  minus: list(-1),
  "norm.scale": weight(8),
  "norm.bias": weight(8),
  wq: weight(8, 8),
  wk: weight(8, 8),
  wv: weight(8, 8),
  one: list(1),
};
const projections: readonly NodeLine[] = [
  [
    "LayerNormalization",
    ["tokens", "norm.scale", "norm.bias"],
    ["normed"],
    { axis: int(-1), epsilon: float(1e-6) },
  ],
  ["MatMul", ["normed", "wq"], ["q"]],
  ["MatMul", ["normed", "wk"], ["k"]],
  ["MatMul", ["normed", "wv"], ["v"]],
];
const meanOfTokens: readonly NodeLine[] = [
  ["Add", ["tokens", "attended"], ["sum"]],
  ["ReduceMean", ["sum", "one"], ["features"], { keepdims: int(0) }],
];

/** Scaled dot product attention with the scale computed from shapes. */
const decomposedAttention: readonly NodeLine[] = [
  ["Shape", ["q"], ["q.shape"]],
  ["Slice", ["q.shape", "last", "end"], ["size"]],
  ["CastLike", ["size", "q"], ["size.f"]],
  ["Sqrt", ["size.f"], ["root"]],
  ["Div", ["unit", "root"], ["scale"]],
  ["Sqrt", ["scale"], ["half.scale"]],
  ["Mul", ["q", "half.scale"], ["qs"]],
  ["Transpose", ["k"], ["kt"], { perm: ints([0, 2, 1]) }],
  ["Mul", ["kt", "half.scale"], ["ks"]],
  ["MatMul", ["qs", "ks"], ["logits"]],
  ["Softmax", ["logits"], ["shares"], { axis: int(-1) }],
  ["MatMul", ["shares", "v"], ["attended"]],
];
const attentionWeights = { last: list(-1), end: list(2 ** 63), unit: float32([1], []) };

const branch = (lines: NodeLine[]): Attribute => ({ kind: "graph", value: graphOf(lines, ["r"]) });

/** As in pkg.onnxscript.torch_lib: a function that tells scalars from tensors by an If, and one that calls it. */
const torchLib: readonly OnnxFunction[] = [
  {
    domain: "pkg.onnxscript.torch_lib.common",
    name: "Rank",
    inputs: ["input"],
    outputs: ["return_val"],
    attributes: [],
    defaults: {},
    opsets: new Map([["", 18]]),
    nodes: [node(["Shape", ["input"], ["tmp"]]), node(["Size", ["tmp"], ["return_val"]])],
  },
  {
    domain: "pkg.onnxscript.torch_lib",
    name: "aten_mean_dim",
    inputs: ["self", "dim"],
    outputs: ["result"],
    attributes: ["keepdim"],
    defaults: { keepdim: int(0) },
    opsets: new Map([
      ["", 18],
      ["pkg.onnxscript.torch_lib.common", 1],
    ]),
    nodes: [
      node(["pkg.onnxscript.torch_lib.common.Rank", ["self"], ["rank"]]),
      node(["Constant", [], ["zero"], { value_int: int(0) }]),
      node(["Equal", ["rank", "zero"], ["is_scalar"]]),
      node([
        "If",
        ["is_scalar"],
        ["result"],
        {
          then_branch: branch([["Identity", ["self"], ["r"]]]),
          else_branch: branch([
            ["Constant", [], ["open"], { value_ints: ints([-1]) }],
            ["Reshape", ["dim", "open"], ["dims"]],
            ["ReduceMean", ["self", "dims"], ["r"], { keepdims: { kind: "reference", value: "keepdim" } }],
          ]),
        },
      ]),
    ],
  },
];

const models: Readonly<Record<string, Exported>> = {
  "dynamo at 18: Reshape with allowzero, attention in pieces": {
    opset: 18,
    width: 8,
    lines: [...patches, ...projections, ...decomposedAttention, ...meanOfTokens],
    weights: { ...patchWeights, ...attentionWeights },
  },
  "dynamo at 18: functions of torch_lib, branches inside": {
    opset: 18,
    width: 8,
    functions: torchLib,
    lines: [
      ["Conv", ["x", "w"], ["c"], { kernel_shape: ints([3, 3]), strides: ints([2, 2]) }],
      ["Constant", [], ["dim"], { value_ints: ints([2, 3]) }],
      ["pkg.onnxscript.torch_lib.aten_mean_dim", ["c", "dim"], ["kept"], { keepdim: int(1) }],
      ["Sub", ["c", "kept"], ["centred"]],
      ["Mul", ["centred", "centred"], ["squares"]],
      ["pkg.onnxscript.torch_lib.aten_mean_dim", ["squares", "dim"], ["features"]],
    ],
    weights: { w: weight(8, 3, 3, 3) },
  },
  "dynamo at 18: GroupNormalization, Split with num_outputs, Mish, Resize of axes with antialias": {
    opset: 18,
    width: 4,
    lines: [
      ["Conv", ["x", "w"], ["c"], { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]) }],
      ["GroupNormalization", ["c", "g.scale", "g.bias"], ["g"], { num_groups: int(2) }],
      ["Mish", ["g"], ["m"]],
      ["Split", ["m"], ["left", "right"], { axis: int(1), num_outputs: int(2) }],
      ["Sigmoid", ["right"], ["gate"]],
      ["Mul", ["left", "gate"], ["gated"]],
      [
        "Resize",
        ["gated", "", "", "sizes"],
        ["small"],
        { axes: ints([2, 3]), mode: string("linear"), antialias: int(1) },
      ],
      ["Pad", ["small", "pads", "", "spatial"], ["padded"], { mode: string("reflect") }],
      ["ReduceMax", ["padded", "spatial"], ["features"], { keepdims: int(0) }],
    ],
    weights: {
      w: weight(8, 3, 3, 3),
      "g.scale": ones(2),
      "g.bias": zeros(2),
      sizes: list(7, 6),
      pads: list(1, 0, 1, 2),
      spatial: list(2, 3),
    },
  },
  "dynamo at 20: Gelu, AffineGrid, GridSample, ReduceMean over computed axes": {
    opset: 20,
    width: 6,
    lines: [
      ["ReduceMean", ["x", "spatial"], ["means"], { keepdims: int(0) }],
      ["Gemm", ["means", "locate", "identity"], ["affine"], { transB: int(1) }],
      ["Reshape", ["affine", "affine.shape"], ["theta"]],
      ["Shape", ["x"], ["size"]],
      ["AffineGrid", ["theta", "size"], ["grid"], { align_corners: int(0) }],
      ["GridSample", ["x", "grid"], ["moved"], { mode: string("linear"), padding_mode: string("border") }],
      ["Conv", ["moved", "w"], ["c"], { kernel_shape: ints([3, 3]), strides: ints([2, 2]) }],
      ["Gelu", ["c"], ["g"], { approximate: string("tanh") }],
      ["ReduceMean", ["g", "spatial"], ["features"], { keepdims: int(0) }],
    ],
    weights: {
      spatial: list(-2, -1),
      locate: weight(6, 3),
      identity: float32([0.9, 0.1, 0.03, -0.1, 0.8, 0.02]),
      "affine.shape": list(-1, 2, 3),
      w: weight(6, 3, 3, 3),
    },
  },
  "21: GroupNormalization with a scale for every channel, AveragePool with dilations": {
    opset: 21,
    width: 8,
    lines: [
      ["Conv", ["x", "w"], ["c"], { kernel_shape: ints([3, 3]) }],
      ["GroupNormalization", ["c", "g.scale", "g.bias"], ["g"], { num_groups: int(4) }],
      ["HardSwish", ["g"], ["h"]],
      [
        "AveragePool",
        ["h"],
        ["p"],
        {
          kernel_shape: ints([3, 3]),
          dilations: ints([2, 2]),
          strides: ints([2, 2]),
          count_include_pad: int(1),
        },
      ],
      ["GlobalAveragePool", ["p"], ["pooled"]],
      ["Flatten", ["pooled"], ["features"]],
    ],
    weights: { w: weight(8, 3, 3, 3), "g.scale": weight(8), "g.bias": weight(8) },
  },
  "23: Attention, RMSNormalization, RotaryEmbedding": {
    opset: 23,
    width: 8,
    lines: [
      ...patches,
      ["RMSNormalization", ["tokens", "norm.scale"], ["normed"], { axis: int(-1) }],
      ["MatMul", ["normed", "wq"], ["q0"]],
      ["MatMul", ["normed", "wk"], ["k0"]],
      ["MatMul", ["normed", "wv"], ["v"]],
      ["Concat", ["batch", "sixteen"], ["places.shape"], { axis: int(0) }],
      ["Expand", ["row", "places.shape"], ["places"]],
      ["RotaryEmbedding", ["q0", "cos", "sin", "places"], ["q"], { num_heads: int(2) }],
      ["RotaryEmbedding", ["k0", "cos", "sin", "places"], ["k"], { num_heads: int(2) }],
      ["Attention", ["q", "k", "v"], ["attended"], { q_num_heads: int(2), kv_num_heads: int(2) }],
      ...meanOfTokens,
    ],
    weights: {
      ...patchWeights,
      cos: valuesFrom(1, [16, 2]),
      sin: valuesFrom(2, [16, 2]),
      sixteen: list(16),
      row: int64(
        Array.from({ length: 16 }, (_, i) => i),
        [1, 16],
      ),
    },
  },
  "24: Swish": {
    opset: 24,
    width: 8,
    lines: [
      ["Conv", ["x", "w"], ["c"], { kernel_shape: ints([5, 5]), strides: ints([3, 3]) }],
      ["Swish", ["c"], ["s"]],
      ["ReduceMean", ["s", "spatial"], ["features"], { keepdims: int(0) }],
    ],
    weights: { w: weight(8, 3, 5, 5), spatial: list(2, 3) },
  },
  "Keras 3: channels last, depthwise, batch norm, PRelu, Einsum, SpaceToDepth": {
    opset: 18,
    width: 6,
    layout: "nhwc",
    lines: [
      ["Transpose", ["x"], ["nchw"], { perm: ints([0, 3, 1, 2]) }],
      ["SpaceToDepth", ["nchw"], ["deep"], { blocksize: int(2) }],
      [
        "Conv",
        ["deep", "dw"],
        ["d"],
        { kernel_shape: ints([3, 3]), group: int(12), auto_pad: string("SAME_UPPER") },
      ],
      ["BatchNormalization", ["d", "bn.g", "bn.b", "bn.m", "bn.v"], ["n"], { epsilon: float(1e-3) }],
      ["Transpose", ["n"], ["nhwc"], { perm: ints([0, 2, 3, 1]) }],
      ["PRelu", ["nhwc", "slope"], ["p"]],
      ["Einsum", ["p", "dense"], ["e"], { equation: string("abcd,de->abce") }],
      ["Celu", ["e"], ["celu"]],
      ["LpNormalization", ["celu"], ["unit"], { axis: int(-1), p: int(2) }],
      ["ReduceMean", ["unit", "spatial"], ["features"], { keepdims: int(0) }],
    ],
    weights: {
      dw: weight(12, 1, 3, 3),
      "bn.g": ones(12),
      "bn.b": weight(12),
      "bn.m": weight(12),
      "bn.v": ones(12),
      slope: weight(1, 1, 12),
      dense: weight(12, 6),
      spatial: list(1, 2),
    },
  },
  "indexing: windows by GatherND, tokens by TopK, sums by ScatterElements": {
    opset: 18,
    width: 8,
    lines: [
      ...patches,
      ["ReduceSumSquare", ["tokens", "two"], ["energy"], { keepdims: int(0) }],
      ["TopK", ["energy", "four"], ["top", "places"], { axis: int(-1) }],
      ["Unsqueeze", ["places", "minus"], ["rows"]],
      ["GatherND", ["tokens", "rows"], ["kept"], { batch_dims: int(1) }],
      ["CumSum", ["kept", "axis"], ["running"]],
      ["Tanh", ["running"], ["t"]],
      ["ReduceMean", ["t", "one"], ["pooled"], { keepdims: int(0) }],
      ["Shape", ["pooled"], ["pooled.shape"]],
      ["Expand", ["order", "pooled.shape"], ["columns"]],
      ["ConstantOfShape", ["pooled.shape"], ["base"]],
      [
        "ScatterElements",
        ["base", "columns", "pooled"],
        ["features"],
        { axis: int(1), reduction: string("add") },
      ],
    ],
    weights: {
      ...patchWeights,
      two: list(2),
      four: list(4),
      axis: int64([1], []),
      order: int64([3, 1, 0, 2, 7, 4, 5, 6], [1, 8]),
    },
  },
};

describe("models of newer exporters pass the check", () => {
  test.each(Object.keys(models))("%s", async (name) => {
    const exported = models[name]!;
    const report = await checkModel({
      runtime,
      model: built(exported),
      preprocessing: { ...defaultPreprocessing, layout: exported.layout ?? "nchw" },
      size: null,
      features: null,
      outputs: null,
      seed: 1,
    });
    expect(report.problems).toEqual([]);
    expect(report.split.map(({ width, rows }) => [width, rows])).toEqual([[exported.width, 2]]);
    expect(report.gradient!.relativeError).toBeLessThan(0.02);
  });
});
