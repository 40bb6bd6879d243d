/** Inputs beside the image: a model that holds them gives what the file gives when they are fed. */
import { describe, expect, test } from "vitest";
import { grad } from "../../src/autodiff/grad.ts";
import { heldInputsText, parseHeldInputs } from "../../src/models/held-inputs.ts";
import { importModel } from "../../src/models/import.ts";
import { inline } from "../../src/models/inline.ts";
import { instantiate } from "../../src/models/instance.ts";
import { int, type OnnxValueInfo } from "../../src/onnx/model.ts";
import { writeModel } from "../../src/onnx/proto.ts";
import { type DType, float32, int64, type TensorData } from "../../src/onnx/tensor-data.ts";
import { compile } from "../../src/runtime/compile.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { Graph } from "../../src/tensor/graph.ts";
import { sum } from "../../src/tensor/reduction.ts";
import { valuesFrom } from "../numeric/values.ts";
import { errorOf } from "../support/errors.ts";
import { type ModelParts, modelOf, runModel } from "../support/models.ts";

const runtime = nodeRuntime();
const shape = [2, 3, 4, 4];
const image = valuesFrom(1, shape);
const input = (name: string, dims: OnnxValueInfo["shape"], dtype: DType = "float32"): OnnxValueInfo => ({
  name,
  dtype,
  shape: dims,
});
const free = input("x", ["N", 3, 4, 4]);

/** The pose stands beside the features of the image, before the last dense layer. */
const withPose = (...inputs: OnnxValueInfo[]): ModelParts => ({
  opset: 17,
  inputs,
  nodes: [
    ["GlobalAveragePool", ["x"], ["g"]],
    ["Flatten", ["g"], ["f"]],
    ["Concat", ["f", "pose"], ["c"], { axis: int(1) }],
    ["Sin", ["c"], ["s"]],
    ["Gemm", ["s", "w"], ["y"]],
  ],
  initializers: { w: valuesFrom(2, [5, 2]) },
});

/** What a file gives when its inputs are fed, and the same of the imported model with the gradient of its sum. */
async function compare(
  parts: ModelParts,
  held: Record<string, number[]>,
  fed: Record<string, TensorData>,
): Promise<{ wanted: number[]; found: number[]; gradient: number[] }> {
  const file = modelOf(parts);
  const { y: wanted } = await runModel(runtime, file, { x: image, ...fed });
  const instance = await instantiate(runtime, importModel(writeModel(file), undefined, held), shape);
  const graph = new Graph();
  const x = graph.input("x", shape);
  const [y] = inline(instance, x).outputs;
  const program = await compile(runtime, { y: y!, dx: grad(sum(y!), [x])[0]! });
  const { y: found, dx } = await program.run({ x: image });
  await program.release();
  const numbers = (tensor: TensorData | undefined): number[] => Array.from(tensor!.data as Float32Array);
  return { wanted: numbers(wanted), found: numbers(found), gradient: numbers(dx) };
}

describe("a held model gives what the file gives when its inputs are fed", () => {
  test("numbers of each image", async () => {
    const parts = withPose(free, input("pose", ["N", 2]));
    const { wanted, found, gradient } = await compare(
      parts,
      { pose: [0.3, -0.8] },
      { pose: float32([0.3, -0.8, 0.3, -0.8], [2, 2]) },
    );
    expect(found).toEqual(wanted);
    expect(gradient.some((value) => value !== 0)).toBe(true);
  });

  test("one number for all elements, and more of them than shapes have", async () => {
    const map = input("map", ["N", 1, 4, 4]);
    const parts: ModelParts = {
      ...withPose(free, map),
      nodes: [
        ["Mul", ["x", "map"], ["m"]],
        ["Flatten", ["m"], ["f"]],
        ["Gemm", ["f", "w"], ["y"]],
      ],
      initializers: { w: valuesFrom(2, [48, 2]) },
    };
    const { wanted, found, gradient } = await compare(
      parts,
      { map: [0.25] },
      { map: float32(new Float32Array(32).fill(0.25), [2, 1, 4, 4]) },
    );
    expect(found).toEqual(wanted);
    // d/dx of the sum of w map x: each image has the same.
    expect(gradient.slice(0, 48)).toEqual(gradient.slice(48));
  });

  test("a number of another type", async () => {
    const parts: ModelParts = {
      ...withPose(free, input("which", [1], "int64")),
      nodes: [
        ["GlobalAveragePool", ["x"], ["g"]],
        ["Flatten", ["g"], ["f"]],
        ["Gemm", ["f", "w"], ["all"]],
        ["Gather", ["all", "which"], ["y"], { axis: int(1) }],
      ],
      initializers: { w: valuesFrom(2, [3, 2]) },
    };
    const { wanted, found } = await compare(parts, { which: [1] }, { which: int64([1]) });
    expect(found).toEqual(wanted);
    expect(found).toHaveLength(2);
  });
});

test("a file that is fixed to one image is opened to more", async () => {
  const parts = withPose(input("x", [1, 3, 4, 4]), input("pose", [1, 2]));
  const model = importModel(writeModel(modelOf(parts)), undefined, { pose: [0.3, -0.8] });
  expect(model.graph.inputs.map(({ name }) => name)).toEqual(["x"]);
  expect(model.fixedBatch).toBe(1);
  const instance = await instantiate(runtime, model, shape);
  expect(instance.inputShape).toEqual(shape);
});

describe("what cannot be held", () => {
  const bytes = (...inputs: OnnxValueInfo[]): Uint8Array => writeModel(modelOf(withPose(...inputs)));
  const pose = input("pose", ["N", 2]);
  const cases: [
    what: string,
    inputs: OnnxValueInfo[],
    held: Record<string, number[]>,
    code: string,
    words: string,
  ][] = [
    [
      "another name",
      [free, pose],
      { prose: [0] },
      "E_USAGE",
      "no input prose to hold, expected one of x, pose",
    ],
    ["everything", [free, pose], { x: [0], pose: [0] }, "E_USAGE", "all inputs held"],
    [
      "too many numbers",
      [free, pose],
      { pose: [1, 2, 3] },
      "E_USAGE",
      "found 3 numbers for input pose: float32 [2], expected 1 or 2",
    ],
    ["an axis that is open", [free, input("pose", ["N", "K"])], { pose: [0] }, "E_MODEL_INPUT", "[N, K]"],
    ["an input of unknown shape", [free, input("pose", null)], { pose: [0] }, "E_MODEL_INPUT", "[?]"],
    [
      "half of a whole number",
      [free, input("pose", ["N", 2], "int64")],
      { pose: [0.5] },
      "E_USAGE",
      "numbers of type int64",
    ],
    [
      "a large byte",
      [free, input("pose", ["N", 2], "uint8")],
      { pose: [256] },
      "E_USAGE",
      "numbers of type uint8",
    ],
    ["a truth of two", [free, input("pose", ["N", 2], "bool")], { pose: [2] }, "E_USAGE", "0 or 1"],
  ];
  test.each(cases)("%s", async (_, inputs, held, code, words) => {
    const error = await errorOf(() => importModel(bytes(...inputs), undefined, held));
    expect(error).toMatchObject({ code });
    expect(error.message).toContain(words);
  });

  test("who holds nothing is told how", async () => {
    const error = await errorOf(() => importModel(bytes(pose, free, input("speed", ["N", 1]))));
    expect(error).toMatchObject({ code: "E_MODEL_INPUT" });
    expect(error.hint).toContain("--hold pose=0,0,speed=0");
  });
});

describe("as text", () => {
  test("inputs are read, in the order of their names, and written as they are read", () => {
    const held = parseHeldInputs("speed=20, pose = 0.1,-2e-1");
    expect(held).toEqual({ pose: [0.1, -0.2], speed: [20] });
    expect(heldInputsText(held)).toBe("pose=0.1,-0.2,speed=20");
    expect(parseHeldInputs(heldInputsText(held))).toEqual(held);
  });

  test("a name may hold the sign", () => {
    expect(parseHeldInputs("a=b=1")).toEqual({ "a=b": [1] });
  });

  test.each(["", "pose", "pose=", "=1", "1,pose=2", "pose=one", "pose=1,", "pose=1,pose=2", "pose=Infinity"])(
    "%j is refused",
    async (text) => {
      expect(await errorOf(() => parseHeldInputs(text))).toMatchObject({ code: "E_USAGE" });
    },
  );
});
