import { expect, test } from "vitest";
import { type CheckReport, checkModel } from "../../src/models/check.ts";
import { importModel } from "../../src/models/import.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import { writeModel } from "../../src/onnx/proto.ts";
import { int64, type TensorData } from "../../src/onnx/tensor-data.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { errorOf } from "../support/errors.ts";
import { someWeights, tinyRegressor } from "../support/identification.ts";
import { modelOf, type NodeLine } from "../support/models.ts";

const common = {
  runtime: nodeRuntime(),
  preprocessing: defaultPreprocessing,
  size: null,
  features: null,
  outputs: null,
  seed: 0,
};

/** A report of a model of images of 3 x 8 x 8, of which "h" is the flattened mean of each channel. */
function reportOf(
  nodes: NodeLine[],
  initializers: Record<string, TensorData>,
  outputs = ["y"],
): Promise<CheckReport> {
  const body: NodeLine[] = [
    ["GlobalAveragePool", ["x"], ["p"]],
    ["Flatten", ["p"], ["h"]],
  ];
  const inputs = [{ name: "x", dtype: "float32", shape: ["N", 3, 8, 8] } as const];
  const model = importModel(
    writeModel(modelOf({ opset: 17, inputs, nodes: [...body, ...nodes], initializers, outputs })),
  );
  return checkModel({ ...common, model });
}

test("a model that can be scanned is described", async () => {
  const report = await checkModel({ ...common, model: tinyRegressor() });
  expect(report).toMatchObject({
    producer: "test",
    opset: 17,
    parameters: 6 * 3 * 9 + 6 * 2 + 2,
    input: { name: "x", shape: ["N", 3, 8, 8] },
    outputs: [{ name: "y", shape: [expect.any(Number), 2] }],
    split: [{ feature: "h", node: "Gemm:y", width: 6, rows: 2 }],
    problems: [],
    passed: true,
  });
  expect(report.operators.map(({ op, count, gradient }) => [op, count, gradient])).toEqual(
    ["Conv", "Flatten", "Gemm", "GlobalAveragePool", "Relu"].map((op) => [op, 1, "rule"]),
  );
  expect(report.gradient!.passed).toBe(true);
});

test("shape arithmetic is folded, and needs no gradient", async () => {
  const report = await reportOf(
    [
      ["Shape", ["x"], ["s"]],
      ["Gather", ["s", "zero"], ["n"]],
      ["Concat", ["n", "rest"], ["t"], { axis: { kind: "int", value: 0 } }],
      ["Reshape", ["h", "t"], ["f"]],
      ["Gemm", ["f", "head"], ["y"]],
    ],
    { head: someWeights([3, 2], 1), zero: int64([0]), rest: int64([3]) },
  );
  expect(report.passed).toBe(true);
  expect(report.operators.filter(({ gradient }) => gradient === "folded").map(({ op }) => op)).toContain(
    "Concat",
  );
});

test("all problems are gathered, with the nodes that they are about", async () => {
  const report = await reportOf(
    [
      ["Det", ["p"], ["d"]],
      ["Add", ["h", "d"], ["k"]],
      ["Gemm", ["k", "head"], ["g"]],
      ["Softmax", ["g"], ["y"]],
    ],
    { head: someWeights([3, 2], 1) },
  );
  expect(report).toMatchObject({ passed: false, gradient: null });
  expect(report.problems.map(({ code }) => code)).toEqual(["E_CLASSIFIER", "E_NO_GRADIENT"]);
  expect(report.problems[1]!.message).toBe("no gradient rule for Det (Det:d)");
  expect(report.operators.find(({ op }) => op === "Det")).toEqual({
    op: "Det",
    count: 1,
    gradient: "missing",
    nodes: ["Det:d"],
  });
});

test("a classifier is described all the same, and does not pass", async () => {
  const report = await reportOf(
    [
      ["Gemm", ["h", "head"], ["g"]],
      ["Softmax", ["g"], ["y"]],
    ],
    { head: someWeights([3, 2], 1) },
  );
  expect(report).toMatchObject({ passed: false, split: [], gradient: null });
  expect(report.problems.map(({ code }) => code)).toEqual(["E_CLASSIFIER"]);
  expect(report.operators.map(({ op }) => op)).toContain("Softmax");
});

test("a model that leaves its size free needs one", async () => {
  const inputs = [{ name: "x", dtype: "float32", shape: ["N", 3, "H", "W"] } as const];
  const nodes: NodeLine[] = [
    ["GlobalAveragePool", ["x"], ["p"]],
    ["Flatten", ["p"], ["h"]],
    ["Gemm", ["h", "head"], ["y"]],
  ];
  const bytes = writeModel(
    modelOf({ opset: 17, inputs, nodes, initializers: { head: someWeights([3, 2], 1) } }),
  );
  const model = importModel(bytes);
  expect(await errorOf(() => checkModel({ ...common, model }))).toMatchObject({
    code: "E_MODEL_INPUT",
    message: "the model leaves its height free",
    hint: "say it with --size HxW",
  });
  expect((await checkModel({ ...common, model, size: [5, 7] })).passed).toBe(true);
});
