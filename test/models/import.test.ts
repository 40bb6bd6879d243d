/** Models as programs take them: what is brought into form, and what is refused in which words. */
import { describe, expect, test } from "vitest";
import { grad } from "../../src/autodiff/grad.ts";
import { checkModel } from "../../src/models/check.ts";
import { type ImportedModel, importModel } from "../../src/models/import.ts";
import { inline } from "../../src/models/inline.ts";
import { instantiate } from "../../src/models/instance.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import { type Attribute, int, ints } from "../../src/onnx/model.ts";
import { writeModel } from "../../src/onnx/proto.ts";
import { float32, int64, type TensorData } from "../../src/onnx/tensor-data.ts";
import { compile } from "../../src/runtime/compile.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { Graph } from "../../src/tensor/graph.ts";
import { sum } from "../../src/tensor/reduction.ts";
import { valuesFrom } from "../numeric/values.ts";
import { graphOf, type ModelParts, modelOf, type NodeLine } from "../support/models.ts";

const runtime = nodeRuntime();
const shape = [2, 3, 4, 4];
const image = valuesFrom(1, shape);
const pixels = Array.from(image.data as Float32Array);

const importOf = (parts: Omit<ModelParts, "opset"> & { opset?: number }): ImportedModel =>
  importModel(writeModel(modelOf({ opset: 17, ...parts })));

/** The output of a model and the gradient of its sum. */
async function evaluate(model: ImportedModel): Promise<{ y: number[]; dx: number[] }> {
  const instance = await instantiate(runtime, model, shape);
  const graph = new Graph();
  const x = graph.input("x", shape);
  const [y] = inline(instance, x).outputs;
  const [dx] = grad(sum(y!), [x]);
  const program = await compile(runtime, { y: y!, dx: dx! });
  try {
    const results = await program.run({ x: image });
    return {
      y: Array.from(results.y!.data as Float32Array),
      dx: Array.from(results.dx!.data as Float32Array),
    };
  } finally {
    await program.release();
  }
}

const bool = (value: boolean): TensorData => ({
  dtype: "bool",
  dims: [],
  data: Uint8Array.of(value ? 1 : 0),
});
const half = (...bits: number[]): TensorData => ({
  dtype: "float16",
  dims: [bits.length],
  data: Uint16Array.from(bits),
});
const branch = (lines: NodeLine[], initializers: Record<string, TensorData> = {}): Attribute => ({
  kind: "graph",
  value: graphOf(lines, ["r"], initializers),
});

describe("conditionals", () => {
  const two = (condition: NodeLine[], initializers: Record<string, TensorData> = {}): ImportedModel =>
    importOf({
      initializers,
      nodes: [
        ...condition,
        [
          "If",
          ["condition"],
          ["m"],
          {
            then_branch: branch([["Mul", ["x", "k"], ["r"]]], { k: float32([2], []) }),
            else_branch: branch([["Identity", ["x"], ["r"]]]),
          },
        ],
        // The same names inside as in the other conditional, for other values.
        [
          "If",
          ["condition"],
          ["y"],
          {
            then_branch: branch([["Mul", ["m", "k"], ["r"]]], { k: float32([3], []) }),
            else_branch: branch([["Neg", ["m"], ["r"]]]),
          },
        ],
      ],
    });

  test.each([true, false])("with a constant condition (%s) the branch takes their place", async (value) => {
    const { y, dx } = await evaluate(two([], { condition: bool(value) }));
    const slope = value ? 6 : -1;
    expect(dx).toEqual(pixels.map(() => slope));
    y.forEach((v, i) => {
      expect(v).toBeCloseTo(slope * pixels[i]!, 5);
    });
  });

  test("with a condition on shapes too", async () => {
    const { dx } = await evaluate(
      two(
        [
          ["Shape", ["x"], ["s"]],
          ["Gather", ["s", "three"], ["width"]],
          ["Equal", ["width", "four"], ["condition"]],
        ],
        { three: int64([3], []), four: int64([4], []) },
      ),
    );
    expect(dx).toEqual(pixels.map(() => 6));
  });

  test("with a condition on the image they are refused", async () => {
    const model = two(
      [
        ["ReduceSum", ["x"], ["total"], { keepdims: int(0) }],
        ["Greater", ["total", "zero"], ["condition"]],
      ],
      { zero: float32([0], []) },
    );
    await expect(instantiate(runtime, model, shape)).rejects.toMatchObject({
      code: "E_UNSUPPORTED_OPERATOR",
      message: expect.stringContaining("If (If:m) depends on the image"),
    });
  });
});

describe("element types", () => {
  test("half precision becomes single precision, casts and branches with it", async () => {
    const model = importOf({
      inputs: [{ name: "x", dtype: "float16", shape: ["N", 3, 4, 4] }],
      initializers: { w: half(0x4000), c: bool(true) },
      nodes: [
        ["Mul", ["x", "w"], ["a"]],
        ["Cast", ["a"], ["b"], { to: int(1) }],
        ["Cast", ["b"], ["c16"], { to: int(10) }],
        [
          "If",
          ["c"],
          ["y"],
          {
            then_branch: branch([["Add", ["c16", "w"], ["r"]]]),
            else_branch: branch([["Neg", ["c16"], ["r"]]]),
          },
        ],
      ],
    });
    expect(model.input.dtype).toBe("float32");
    const { y, dx } = await evaluate(model);
    expect(dx).toEqual(pixels.map(() => 2));
    expect(y[0]).toBeCloseTo(2 * pixels[0]! + 2, 5);
  });

  test("double precision becomes single precision", async () => {
    const model = importOf({
      inputs: [{ name: "x", dtype: "float64", shape: ["N", 3, 4, 4] }],
      initializers: { w: { dtype: "float64", dims: [], data: Float64Array.of(3) } },
      nodes: [["Mul", ["x", "w"], ["y"]]],
    });
    expect((await evaluate(model)).dx).toEqual(pixels.map(() => 3));
  });

  test("weights that are stored as 8-bit integers are dequantised", async () => {
    const model = importOf({
      initializers: {
        q: { dtype: "int8", dims: [2, 3, 1, 1], data: Int8Array.of(1, 2, 3, -4, -5, -6) },
        scale: float32([0.5, 0.25]),
        zero: { dtype: "int8", dims: [2], data: Int8Array.of(0, 2) },
      },
      nodes: [
        ["DequantizeLinear", ["q", "scale", "zero"], ["w"], { axis: int(0) }],
        ["Conv", ["x", "w"], ["y"]],
      ],
    });
    const { dx } = await evaluate(model);
    // Sums over both rows: 0.5 q - 0 and 0.25 (q - 2).
    expect([dx[0], dx[16], dx[32]]).toEqual([0.5 - 1.5, 1 - 1.75, 1.5 - 2]);
  });

  test("quantised activations are refused, in a sentence that names the operators", () => {
    const scale = {
      s: float32([0.1], []),
      z: { dtype: "uint8", dims: [], data: Uint8Array.of(0) } as TensorData,
    };
    expect(() =>
      importOf({
        initializers: scale,
        nodes: [
          ["QuantizeLinear", ["x", "s", "z"], ["q"]],
          ["DequantizeLinear", ["q", "s", "z"], ["y"]],
        ],
      }),
    ).toThrow("the model's activations are quantised (1 nodes: QuantizeLinear), expected float ones");
    expect(() =>
      importOf({
        initializers: scale,
        nodes: [
          ["DynamicQuantizeLinear", ["x"], ["q", "qs", "qz"]],
          ["ConvInteger", ["q", "q"], ["y"]],
        ],
      }),
    ).toThrow(expect.objectContaining({ code: "E_DTYPE" }));
  });

  test("weights that are not a number are refused", () => {
    expect(() =>
      importOf({ initializers: { w: float32([1, Number.NaN]) }, nodes: [["Mul", ["x", "w"], ["y"]]] }),
    ).toThrow(expect.objectContaining({ code: "E_NAN" }));
  });
});

describe("operators without a gradient", () => {
  const missing = importOf({
    nodes: [
      ["Det", ["x"], ["d"]],
      ["Unsqueeze", ["d", "axes"], ["u"]],
      ["Mul", ["x", "u"], ["m"]],
      ["RoiAlign", ["m", "rois", "which"], ["y"], { output_height: int(2), output_width: int(2) }],
    ],
    initializers: {
      axes: int64([2, 3]),
      rois: float32([0, 0, 3, 3, 0, 0, 2, 2], [2, 4]),
      which: int64([0, 1]),
    },
  });

  test("one error names them all", async () => {
    const instance = await instantiate(runtime, missing, shape);
    const graph = new Graph();
    const x = graph.input("x", shape);
    const [y] = inline(instance, x).outputs;
    expect(() => grad(sum(y!), [x])).toThrow(
      "no gradient rule for 2 nodes: Det (Det:d), RoiAlign (RoiAlign:y)",
    );
  });

  test("the check lists them as problems and does not throw", async () => {
    const model = importOf({
      nodes: [
        ["Det", ["x"], ["d"]],
        ["Gemm", ["d", "w"], ["y"]],
      ],
      initializers: { w: valuesFrom(1, [3, 2]) },
    });
    const report = await checkModel({
      runtime,
      model,
      preprocessing: defaultPreprocessing,
      size: null,
      features: null,
      outputs: null,
      seed: 1,
    });
    expect(report.passed).toBe(false);
    expect(report.problems).toEqual([{ code: "E_NO_GRADIENT", message: "no gradient rule for Det (Det:d)" }]);
  });

  test("an attribute that a rule refuses is a problem of the check too", async () => {
    const model = importOf({
      nodes: [
        ["Einsum", ["x"], ["s"], { equation: { kind: "string", value: "abcc->abc" } }],
        ["Flatten", ["s"], ["f"]],
        ["Gemm", ["f", "w"], ["y"]],
      ],
      initializers: { w: valuesFrom(1, [12, 2]) },
    });
    const report = await checkModel({
      runtime,
      model,
      preprocessing: defaultPreprocessing,
      size: null,
      features: null,
      outputs: null,
      seed: 1,
    });
    expect(report.problems.map(({ message }) => message)).toEqual([
      "no gradient rule for the diagonal in Einsum abcc->abc (Einsum:s)",
    ]);
  });

  test("an input that a rule does not know is an error, not a zero", async () => {
    const model = importOf({
      opset: 17,
      nodes: [
        ["LayerNormalization", ["x", "scale"], ["n", "mean"], { axis: int(-1) }],
        ["Add", ["n", "mean"], ["y"]],
      ],
      initializers: { scale: float32([1, 1, 1, 1]) },
    });
    await expect(evaluate(model)).rejects.toThrow(
      "no gradient rule for the statistics of LayerNormalization (LayerNormalization:n)",
    );
  });

  test("a loop over the image's values has none", async () => {
    const body: Attribute = {
      kind: "graph",
      value: {
        ...graphOf(
          [
            ["Identity", ["go"], ["again"]],
            ["Add", ["state", "state"], ["next"]],
          ],
          ["again", "next"],
        ),
        inputs: [
          { name: "i", dtype: "int64", shape: [] },
          { name: "go", dtype: "bool", shape: [] },
          { name: "state", dtype: "float32", shape: null },
        ],
      },
    };
    const model = importOf({
      initializers: { trips: int64([2], []), go: bool(true) },
      nodes: [["Loop", ["trips", "go", "x"], ["y"], { body }]],
    });
    const instance = await instantiate(runtime, model, shape);
    const graph = new Graph();
    const x = graph.input("x", shape);
    const [y] = inline(instance, x).outputs;
    expect(() => grad(sum(y!), [x])).toThrow("no gradient rule for 1 nodes: Loop (Loop:y)");
  });
});

describe("operators that are not known at all", () => {
  test("of other domains, in branches too: one error names them all", () => {
    expect(() =>
      importOf({
        domains: { "org.example": 1 },
        initializers: { c: bool(true) },
        nodes: [
          ["org.example.Foo", ["x"], ["a"]],
          [
            "If",
            ["c"],
            ["y"],
            {
              then_branch: branch([["org.example.Bar", ["a"], ["r"]]]),
              else_branch: branch([["Neg", ["a"], ["r"]]]),
            },
          ],
        ],
      }),
    ).toThrow(
      "found operators of unknown domains: org.example.Foo (org.example.Foo:a), org.example.Bar (org.example.Bar:r); expected ONNX's own on tensors",
    );
  });

  test("on sequences", () => {
    expect(() =>
      importOf({
        nodes: [
          ["SequenceConstruct", ["x"], ["s"]],
          ["ConcatFromSequence", ["s"], ["y"], { axis: int(0) }],
        ],
      }),
    ).toThrow(expect.objectContaining({ code: "E_UNSUPPORTED_OPERATOR" }));
  });

  test("of ONNX's own domain", async () => {
    const model = importOf({ nodes: [["Frobnicate", ["x"], ["y"]]] });
    await expect(instantiate(runtime, model, shape)).rejects.toMatchObject({
      code: "E_UNSUPPORTED_OPERATOR",
      message: expect.stringContaining("Frobnicate"),
    });
  });
});

describe("inputs", () => {
  test("initialisers that are listed among them are none", () => {
    const w = float32([2]);
    const model = modelOf({
      opset: 9,
      irVersion: 3,
      initializers: { w },
      nodes: [["Mul", ["x", "w"], ["y"]]],
      inputs: [
        { name: "x", dtype: "float32", shape: ["N", 3, 4, 4] },
        { name: "w", dtype: "float32", shape: [1] },
      ],
    });
    expect(importModel(writeModel(model)).input.name).toBe("x");
  });

  test.each([
    [
      "two",
      [
        { name: "x", dtype: "float32", shape: [1, 3, 4, 4] },
        { name: "z", dtype: "float32", shape: [1] },
      ],
    ],
    ["of integers", [{ name: "x", dtype: "int64", shape: [1, 3, 4, 4] }]],
    ["of another rank", [{ name: "x", dtype: "float32", shape: [1, 3] }]],
    ["of unknown shape", [{ name: "x", dtype: "float32", shape: null }]],
  ] as const)("%s are refused", (_, inputs) => {
    expect(() => importOf({ inputs, nodes: [["Relu", ["x"], ["y"]]] })).toThrow(
      expect.objectContaining({ code: "E_MODEL_INPUT" }),
    );
  });

  test("of several inputs it is said which there are and what can be done", () => {
    const inputs = [
      { name: "image", dtype: "float32", shape: ["N", 3, 4, 4] },
      { name: "head", dtype: "float32", shape: ["N", 3] },
    ] as const;
    expect(() => importOf({ inputs, nodes: [["Relu", ["image"], ["y"]]] })).toThrow(
      expect.objectContaining({
        message: "found 2 inputs (image: float32 [N, 3, 4, 4]; head: float32 [N, 3]), expected one image",
        hint: expect.stringContaining("--hold head=0,0,0"),
      }),
    );
  });

  test("bytes are fed as floats", async () => {
    const model = importOf({
      inputs: [{ name: "x", dtype: "uint8", shape: ["N", 3, 4, 4] }],
      nodes: [
        ["Cast", ["x"], ["f"], { to: int(1) }],
        ["Neg", ["f"], ["y"]],
      ],
    });
    expect(model.takesBytes).toBe(true);
    expect((await evaluate(model)).dx).toEqual(pixels.map(() => -1));
  });
});

test("shapes that depend on the image are refused", async () => {
  const model = importOf({
    nodes: [
      ["NonZero", ["x"], ["places"]],
      ["Transpose", ["places"], ["rows"]],
      ["GatherND", ["x", "rows"], ["y"]],
    ],
  });
  await expect(instantiate(runtime, model, shape)).rejects.toMatchObject({
    code: "E_UNSUPPORTED_OPERATOR",
    message:
      "found shapes that depend on the image: NonZero (NonZero:places); expected the same for all images",
  });
});

test("pools that round up without having more windows run in programs of fixed shapes", async () => {
  const model = importOf({
    nodes: [
      [
        "AveragePool",
        ["x"],
        ["p"],
        { kernel_shape: ints([2, 1]), strides: ints([3, 1]), pads: ints([1, 0, 1, 0]), ceil_mode: int(1) },
      ],
      ["Mul", ["p", "p"], ["y"]],
    ],
  });
  const { y, dx } = await evaluate(model);
  expect(dx).toHaveLength(pixels.length);
  expect(y.every(Number.isFinite)).toBe(true);
});
