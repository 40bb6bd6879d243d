/** Models of older and newer operator sets against ONNX Runtime's own kernels for them. */
import { describe, expect, test } from "vitest";
import { DrmGuardError } from "../../src/errors.ts";
import { type Attributes, float, int, ints, string } from "../../src/onnx/model.ts";
import { float32, int64, type TensorData } from "../../src/onnx/tensor-data.ts";
import { newestOpset, oldestOpset, upgrade, upgradedOperators } from "../../src/onnx/upgrade.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { programOpset } from "../../src/tensor/graph.ts";
import { valuesFrom } from "../numeric/values.ts";
import { type ModelParts, modelOf, runModel } from "../support/models.ts";
import { relativeError } from "../support/references.ts";

const runtime = nodeRuntime();
const floats = (...values: number[]): Attributes[string] => ({ kind: "floats", value: values });
const tensor = (value: TensorData): Attributes[string] => ({ kind: "tensor", value });

interface OldNode {
  readonly op: string;
  readonly opset: number;
  readonly note?: string;
  readonly x?: readonly number[];
  readonly attributes?: Attributes;
  /** Constants that follow x among the inputs; null for one left out. */
  readonly more?: readonly (TensorData | null)[];
  readonly outputs?: number;
  /** Whether x is not among the inputs. */
  readonly isSource?: boolean;
}

const weights = (seed: number, ...dims: number[]): TensorData => valuesFrom(seed, dims);
const reductions = [
  "ReduceL1",
  "ReduceL2",
  "ReduceLogSumExp",
  "ReduceMax",
  "ReduceMean",
  "ReduceMin",
  "ReduceProd",
  "ReduceSum",
  "ReduceSumSquare",
];

/** Nodes as they were before (or after) the programs' operator set. */
const nodes: readonly OldNode[] = [
  ...reductions.flatMap((op): OldNode[] => [
    { op, opset: 9, attributes: { axes: ints([1, 3]), keepdims: int(0) } },
    { op, opset: 11, note: "negative axes", attributes: { axes: ints([-1]) } },
    { op, opset: 11, note: "all axes", attributes: { keepdims: int(1) } },
    { op, opset: 18, note: "axes as input", more: [int64([2])] },
  ]),
  { op: "ReduceLogSum", opset: 9, attributes: { axes: ints([1]) } },
  {
    op: "ReduceSum",
    opset: 13,
    note: "axes as input",
    more: [int64([1, 2])],
    attributes: { keepdims: int(0) },
  },
  { op: "Clip", opset: 9, attributes: { min: float(-0.5), max: float(0.5) } },
  { op: "Clip", opset: 9, note: "no bounds" },
  { op: "Clip", opset: 10, note: "one bound", attributes: { min: float(0) } },
  { op: "Clip", opset: 11, note: "bounds as inputs", more: [null, float32([0.25], [])] },
  { op: "Constant", opset: 9, isSource: true, attributes: { value: tensor(weights(1, 2, 2)) } },
  { op: "Constant", opset: 12, note: "float", isSource: true, attributes: { value_float: float(1.5) } },
  { op: "Constant", opset: 12, note: "floats", isSource: true, attributes: { value_floats: floats(1, 2) } },
  { op: "Constant", opset: 12, note: "int", isSource: true, attributes: { value_int: int(3) } },
  { op: "Constant", opset: 12, note: "ints", isSource: true, attributes: { value_ints: ints([1, 2]) } },
  { op: "Dropout", opset: 9, attributes: { ratio: float(0.5) } },
  { op: "Dropout", opset: 12, note: "ratio as input", more: [float32([0.5], [])] },
  { op: "Softmax", opset: 9, note: "default axis 1: over all that follows" },
  { op: "Softmax", opset: 11, note: "axis 2", attributes: { axis: int(2) } },
  { op: "Softmax", opset: 11, note: "last axis", attributes: { axis: int(-1) } },
  { op: "Softmax", opset: 13, note: "axis 1 alone", attributes: { axis: int(1) } },
  { op: "LogSoftmax", opset: 10 },
  { op: "LogSoftmax", opset: 12, note: "axis -2", attributes: { axis: int(-2) } },
  { op: "Hardmax", opset: 11, attributes: { axis: int(2) } },
  { op: "Pad", opset: 9, attributes: { pads: ints([0, 0, 1, 2, 0, 0, 0, 1]), value: float(0.5) } },
  {
    op: "Pad",
    opset: 9,
    note: "reflected",
    attributes: { pads: ints([0, 0, 1, 2, 0, 0, 0, 1]), mode: string("reflect") },
  },
  { op: "Pad", opset: 13, note: "pads as input", more: [int64([0, 0, 1, 0, 0, 0, 0, 2]), float32([2], [])] },
  { op: "Slice", opset: 9, attributes: { starts: ints([1, -2]), ends: ints([3, 9]), axes: ints([1, 3]) } },
  { op: "Slice", opset: 9, note: "no axes", attributes: { starts: ints([0, 1]), ends: ints([1, 2]) } },
  { op: "Slice", opset: 10, note: "inputs", more: [int64([3]), int64([-9]), int64([2]), int64([-1])] },
  { op: "Split", opset: 9, note: "equal", outputs: 2, x: [2, 4, 3], attributes: { axis: int(1) } },
  {
    op: "Split",
    opset: 11,
    note: "sizes",
    outputs: 2,
    x: [2, 4, 3],
    attributes: { axis: int(1), split: ints([1, 3]) },
  },
  { op: "Split", opset: 13, note: "sizes as input", outputs: 2, x: [4, 3], more: [int64([1, 3])] },
  { op: "Split", opset: 18, note: "num_outputs", outputs: 2, x: [5, 3], attributes: { num_outputs: int(2) } },
  { op: "Squeeze", opset: 9, x: [2, 1, 3, 1], attributes: { axes: ints([1]) } },
  { op: "Squeeze", opset: 11, note: "all", x: [2, 1, 3, 1] },
  { op: "Unsqueeze", opset: 9, x: [2, 3], attributes: { axes: ints([0, 3]) } },
  { op: "Unsqueeze", opset: 13, note: "axes as input", x: [2, 3], more: [int64([-1])] },
  { op: "TopK", opset: 9, outputs: 2, x: [3, 5], attributes: { k: int(2), axis: int(1) } },
  { op: "TopK", opset: 10, note: "k as input", outputs: 2, x: [3, 5], more: [int64([2])] },
  { op: "Scatter", opset: 9, x: [3, 3], more: [int64([1, 0, 2], [1, 3]), weights(3, 1, 3)] },
  { op: "Upsample", opset: 9, more: [float32([1, 1, 2, 3])], attributes: { mode: string("nearest") } },
  {
    op: "Upsample",
    opset: 9,
    note: "linear",
    more: [float32([1, 1, 2, 1.5])],
    attributes: { mode: string("linear") },
  },
  { op: "Resize", opset: 10, more: [float32([1, 1, 2, 0.5])], attributes: { mode: string("nearest") } },
  {
    op: "Resize",
    opset: 10,
    note: "linear",
    more: [float32([1, 1, 1.5, 2])],
    attributes: { mode: string("linear") },
  },
  {
    op: "Resize",
    opset: 11,
    note: "tf_half_pixel_for_nn",
    more: [float32([]), float32([1, 1, 2, 1.5])],
    attributes: {
      mode: string("nearest"),
      coordinate_transformation_mode: string("tf_half_pixel_for_nn"),
      nearest_mode: string("floor"),
    },
  },
  {
    op: "BatchNormalization",
    opset: 9,
    attributes: { epsilon: float(0.01), momentum: float(0.8) },
    more: [weights(1, 3), weights(2, 3), weights(3, 3), valuesFrom(4, [3], { low: 0.5, high: 2 })],
  },
  {
    op: "BatchNormalization",
    opset: 15,
    note: "inference written down",
    attributes: { training_mode: int(0) },
    more: [weights(1, 3), weights(2, 3), weights(3, 3), valuesFrom(4, [3], { low: 0.5, high: 2 })],
  },
  { op: "MeanVarianceNormalization", opset: 9 },
  { op: "MeanVarianceNormalization", opset: 13, note: "axes", attributes: { axes: ints([1, 2, 3]) } },
  {
    op: "GroupNormalization",
    opset: 18,
    note: "scale of groups",
    x: [2, 4, 3, 2],
    attributes: { num_groups: int(2), epsilon: float(0.01) },
    more: [weights(1, 2), weights(2, 2)],
  },
  {
    op: "GroupNormalization",
    opset: 21,
    note: "scale of channels",
    x: [2, 4, 3, 2],
    attributes: { num_groups: int(2) },
    more: [weights(1, 4), weights(2, 4)],
  },
  {
    op: "GridSample",
    opset: 16,
    note: "bilinear",
    more: [weights(1, 2, 2, 3, 2)],
    attributes: { mode: string("bilinear"), padding_mode: string("border") },
  },
  { op: "GridSample", opset: 16, note: "default", more: [weights(1, 2, 2, 3, 2)] },
  {
    op: "GridSample",
    opset: 16,
    note: "bicubic",
    more: [weights(1, 2, 2, 3, 2)],
    attributes: { mode: string("bicubic") },
  },
  {
    op: "GridSample",
    opset: 20,
    note: "linear",
    more: [weights(1, 2, 2, 3, 2)],
    attributes: { mode: string("linear") },
  },
  {
    op: "RMSNormalization",
    opset: 23,
    x: [2, 3, 4],
    more: [weights(1, 4)],
    attributes: { epsilon: float(0.01) },
  },
  {
    op: "RMSNormalization",
    opset: 23,
    note: "axis -2",
    x: [2, 3, 4],
    more: [weights(1, 3, 4)],
    attributes: { axis: int(-2) },
  },
  { op: "Swish", opset: 24, attributes: { alpha: float(1.3) } },
  { op: "Swish", opset: 24, note: "default" },
  { op: "Attention", opset: 23, x: [2, 2, 3, 4], more: [weights(1, 2, 2, 5, 4), weights(2, 2, 2, 5, 4)] },
  {
    op: "Attention",
    opset: 23,
    note: "heads side by side, mask, scale",
    x: [2, 3, 8],
    attributes: { q_num_heads: int(2), kv_num_heads: int(2), scale: float(0.3) },
    more: [weights(1, 2, 5, 8), weights(2, 2, 5, 8), weights(3, 3, 5)],
  },
  {
    op: "Attention",
    opset: 24,
    note: "mask of bools, soft cap",
    x: [1, 2, 3, 4],
    attributes: { softcap: float(2) },
    more: [
      weights(1, 1, 2, 3, 4),
      weights(2, 1, 2, 3, 4),
      { dtype: "bool", dims: [3, 3], data: Uint8Array.of(1, 0, 1, 1, 1, 0, 0, 1, 1) },
    ],
  },
  {
    op: "RotaryEmbedding",
    opset: 23,
    x: [2, 2, 3, 4],
    more: [weights(1, 5, 2), weights(2, 5, 2), int64([0, 1, 2, 2, 3, 4], [2, 3])],
  },
  {
    op: "RotaryEmbedding",
    opset: 23,
    note: "interleaved, heads side by side, no positions",
    x: [2, 3, 8],
    attributes: { interleaved: int(1), num_heads: int(2) },
    more: [weights(1, 2, 3, 2), weights(2, 2, 3, 2)],
  },
];

function partsOf({
  op,
  opset,
  x = [2, 3, 4, 4],
  attributes = {},
  more = [],
  outputs = 1,
  isSource,
}: OldNode): ModelParts {
  const names = Array.from({ length: outputs }, (_, k) => `y${k}`);
  const inputs = isSource ? [] : ["x", ...more.map((value, i) => (value === null ? "" : `c${i}`))];
  const constants = more.flatMap((value, i) => (value === null ? [] : [[`c${i}`, value] as const]));
  return {
    opset,
    irVersion: opset >= 21 ? 10 : 8,
    nodes: [
      [op, inputs, names, attributes],
      ["Identity", ["x"], ["unused"]],
    ],
    inputs: [{ name: "x", dtype: "float32", shape: [...x] }],
    outputs: names,
    initializers: Object.fromEntries(constants),
  };
}

describe("the same function after the upgrade", () => {
  test.each(nodes.map((each) => [`${each.op} of ${each.opset} ${each.note ?? ""}`.trim(), each] as const))(
    "%s",
    async (_, old) => {
      const model = modelOf(partsOf(old));
      const x = valuesFrom(7, old.x ?? [2, 3, 4, 4], old.op === "ReduceLogSum" ? { low: 0.5, high: 2 } : {});
      const expected = await runModel(runtime, model, { x });
      const upgraded = { ...upgrade(model, programOpset), irVersion: 10 };
      const found = await runModel(runtime, upgraded, { x });
      for (const [name, { data, dims, dtype }] of Object.entries(expected)) {
        expect(found[name]!.dims).toEqual(dims);
        expect(found[name]!.dtype).toBe(dtype);
        const numbers = (values: TensorData["data"]): number[] =>
          Array.from(values as ArrayLike<number>, Number);
        expect(relativeError(numbers(data), numbers(found[name]!.data))).toBeLessThan(1e-5);
      }
    },
  );

  test("no entry of the table is left out", () => {
    expect(upgradedOperators.filter((op) => !nodes.some((each) => each.op === op))).toEqual([]);
  });
});

describe("operator sets", () => {
  const relu = (opset: number): ModelParts => ({ opset, irVersion: 10, nodes: [["Relu", ["x"], ["y"]]] });
  const x = valuesFrom(1, [1, 3, 4, 4]);

  test("the newest one is the newest that ONNX Runtime takes", async () => {
    await runModel(runtime, modelOf(relu(newestOpset)), { x });
    await expect(runModel(runtime, modelOf(relu(newestOpset + 1)), { x })).rejects.toThrow(DrmGuardError);
  });

  test.each([oldestOpset - 1, newestOpset + 1])("%i is refused", (opset) => {
    const attempt = (): unknown => upgrade(modelOf(relu(opset)), programOpset);
    expect(attempt).toThrow(expect.objectContaining({ code: "E_OPSET" }));
    expect(attempt).toThrow(`operator set ${opset} found, expected ${oldestOpset} to ${newestOpset}`);
  });
});

describe("forms that cannot be brought over", () => {
  const bn = { more: [weights(1, 3), weights(2, 3), weights(3, 3), weights(4, 3)] };
  const refused: readonly [string, OldNode][] = [
    [
      "batch norm in training",
      { ...bn, op: "BatchNormalization", opset: 15, attributes: { training_mode: int(1) } },
    ],
    ["batch norm in training before 14", { ...bn, op: "BatchNormalization", opset: 9, outputs: 3 }],
    [
      "RMSNormalization over an axis from the front",
      { op: "RMSNormalization", opset: 23, attributes: { axis: int(1) } },
    ],
    [
      "causal attention",
      { op: "Attention", opset: 23, more: [weights(1, 1), weights(2, 1)], attributes: { is_causal: int(1) } },
    ],
    [
      "rotary embedding of a part",
      { op: "RotaryEmbedding", opset: 23, attributes: { rotary_embedding_dim: int(2) } },
    ],
  ];
  test.each(refused)("%s", (_, old) => {
    const model = modelOf(partsOf(old));
    expect(() => upgrade(model, programOpset)).toThrow(
      expect.objectContaining({ code: "E_UNSUPPORTED_OPERATOR" }),
    );
  });
});
