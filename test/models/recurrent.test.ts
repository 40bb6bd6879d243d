/** Recurrent layers written out, against ONNX Runtime's own kernels. */
import { describe, expect, test } from "vitest";
import { checkModel } from "../../src/models/check.ts";
import { importModel } from "../../src/models/import.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import { recurrentOps, unrollRecurrent } from "../../src/models/recurrent.ts";
import { type Attributes, float, int, string } from "../../src/onnx/model.ts";
import { writeModel } from "../../src/onnx/proto.ts";
import { int64, type TensorData } from "../../src/onnx/tensor-data.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { valuesFrom } from "../numeric/values.ts";
import { modelOf, runModel } from "../support/models.ts";
import { relativeError } from "../support/references.ts";

const runtime = nodeRuntime();
const [length, batch, inputs, hidden] = [4, 2, 3, 2] as const;
const gates: Readonly<Record<string, number>> = { LSTM: 4, GRU: 3, RNN: 1 };
const strings = (...value: string[]): Attributes[string] => ({ kind: "strings", value });

interface Layer {
  readonly op: string;
  readonly note?: string;
  readonly directions?: number;
  readonly attributes?: Attributes;
  /** Which of B, initial_h, initial_c and P are given. */
  readonly given?: readonly string[];
}

const layers: readonly Layer[] = [
  { op: "LSTM" },
  { op: "LSTM", note: "bias and initial states", given: ["B", "initial_h", "initial_c"] },
  { op: "LSTM", note: "reverse", attributes: { direction: string("reverse") }, given: ["B"] },
  {
    op: "LSTM",
    note: "bidirectional",
    directions: 2,
    attributes: { direction: string("bidirectional") },
    given: ["B", "initial_h", "initial_c"],
  },
  { op: "LSTM", note: "peepholes", given: ["B", "P"] },
  { op: "LSTM", note: "functions", attributes: { activations: strings("Sigmoid", "Relu", "Tanh") } },
  { op: "GRU", given: ["B"] },
  {
    op: "GRU",
    note: "linear_before_reset",
    attributes: { linear_before_reset: int(1) },
    given: ["B", "initial_h"],
  },
  {
    op: "GRU",
    note: "bidirectional",
    directions: 2,
    attributes: { direction: string("bidirectional") },
    given: ["B"],
  },
  { op: "RNN", given: ["B", "initial_h"] },
  { op: "RNN", note: "Relu", attributes: { activations: strings("Relu") } },
];

function partsOf({ op, directions = 1, attributes = {}, given = [] }: Layer) {
  const n = gates[op]!;
  const tensors: Record<string, TensorData> = {
    W: valuesFrom(1, [directions, n * hidden, inputs]),
    R: valuesFrom(2, [directions, n * hidden, hidden]),
    B: valuesFrom(3, [directions, 2 * n * hidden]),
    initial_h: valuesFrom(4, [directions, batch, hidden]),
    initial_c: valuesFrom(5, [directions, batch, hidden]),
    P: valuesFrom(6, [directions, 3 * hidden]),
  };
  const optional = (name: string): string => (given.includes(name) ? name : "");
  const names = ["x", "W", "R", optional("B"), "", optional("initial_h")];
  if (op === "LSTM") names.push(optional("initial_c"), optional("P"));
  const outputs = op === "LSTM" ? ["y", "h", "c"] : ["y", "h"];
  while (names.at(-1) === "") names.pop();
  return {
    opset: 21,
    irVersion: 10,
    inputs: [{ name: "x", dtype: "float32", shape: [length, batch, inputs] }] as const,
    nodes: [[op, names, outputs, { hidden_size: int(hidden), ...attributes }]] as const,
    outputs,
    initializers: Object.fromEntries(Object.entries(tensors).filter(([name]) => names.includes(name))),
  };
}

const known = {
  shape: (): readonly number[] => [length, batch, inputs],
  value: (): undefined => undefined,
};

describe("the same outputs as the layer itself", () => {
  test.each(layers.map((layer) => [`${layer.op} ${layer.note ?? ""}`.trim(), layer] as const))(
    "%s",
    async (_, layer) => {
      const { nodes, ...parts } = partsOf(layer);
      const model = modelOf({
        ...parts,
        nodes: nodes.map(([op, x, y, a]) => [op, x, y, a] as const) as never,
      });
      const x = valuesFrom(9, [length, batch, inputs]);
      const expected = await runModel(runtime, model, { x });
      const unrolled = { ...model, graph: unrollRecurrent(model.graph, known) };
      expect(unrolled.graph.nodes.filter(({ op }) => recurrentOps.has(op))).toEqual([]);
      const found = await runModel(runtime, unrolled, { x });
      for (const [name, { data, dims }] of Object.entries(expected)) {
        expect(found[name]!.dims).toEqual(dims);
        expect(relativeError(data as Float32Array, found[name]!.data as Float32Array)).toBeLessThan(1e-5);
      }
    },
  );
});

test.each([
  ["clip", { clip: float(1) }],
  ["input_forget", { input_forget: int(1) }],
  ["unusual functions", { activations: strings("Affine", "Tanh", "Tanh") }],
])("%s is refused", (what, attributes) => {
  const { nodes, ...parts } = partsOf({ op: "LSTM", attributes });
  const model = modelOf({ ...parts, nodes: nodes as never });
  expect(() => unrollRecurrent(model.graph, known)).toThrow(what);
});

test("a network that reads an image row by row passes the check", async () => {
  const parts = partsOf({ op: "LSTM", directions: 2, given: ["B"] });
  const model = modelOf({
    opset: 14,
    inputs: [{ name: "x", dtype: "float32", shape: ["N", 3, 8, 8] }],
    nodes: [
      ["Conv", ["x", "conv"], ["c"]],
      ["Squeeze", ["c", "one"], ["rows"]],
      ["Transpose", ["rows"], ["steps"], { perm: { kind: "ints", value: [1, 0, 2] } }],
      [
        "LSTM",
        ["steps", "W", "R", "B"],
        ["all", "h"],
        { hidden_size: int(hidden), direction: string("bidirectional") },
      ],
      ["Transpose", ["h"], ["last"], { perm: { kind: "ints", value: [1, 0, 2] } }],
      ["Flatten", ["last"], ["features"]],
      ["Gemm", ["features", "head"], ["y"]],
    ],
    initializers: {
      ...parts.initializers,
      W: valuesFrom(1, [2, 4 * hidden, 8]),
      one: int64([1]),
      conv: valuesFrom(7, [1, 3, 1, 1]),
      head: valuesFrom(8, [2 * hidden, 2]),
    },
  });
  const report = await checkModel({
    runtime,
    model: importModel(writeModel(model)),
    preprocessing: defaultPreprocessing,
    size: null,
    features: null,
    outputs: null,
    seed: 1,
  });
  expect(report.problems).toEqual([]);
  expect(report.gradient!.relativeError).toBeLessThan(0.01);
});
