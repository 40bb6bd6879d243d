import { afterAll, expect, test } from "vitest";
import { float32, int64 } from "../../src/onnx/tensor-data.ts";
import { compile, type Program, toModel } from "../../src/runtime/compile.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { add, mul } from "../../src/tensor/elementwise.ts";
import { Graph, type Tensor } from "../../src/tensor/graph.ts";
import { errorOf } from "../support/errors.ts";

const programs: Program[] = [];
afterAll(() => Promise.all(programs.map((program) => program.release())));

async function compiled(outputs: Record<string, Tensor>): Promise<Program> {
  const program = await compile(nodeRuntime(), outputs);
  programs.push(program);
  return program;
}

test("a program computes its outputs, and takes only the inputs that they need", async () => {
  const graph = new Graph();
  const [a, b, unused] = ["a", "b", "unused"].map((name) => graph.input(name, [2])) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const sum = add(a, b);
  mul(unused, 2);
  const program = await compiled({ sum, twice: mul(sum, 2) });
  expect(program.inputs.map(({ name }) => name)).toEqual(["a", "b"]);
  expect(toModel({ sum }).graph.nodes.map(({ op }) => op)).toEqual(["Add", "Identity"]);
  // What a program does not take may be fed to it all the same.
  const results = await program.run({ a: float32([1, 2]), b: float32([10, 20]), more: float32([0]) });
  expect(results).toEqual({ sum: float32([11, 22]), twice: float32([22, 44]) });
});

test("an output may be an input, a constant, asked for twice, or named like another tensor", async () => {
  const graph = new Graph();
  const a = graph.input("a", [1]);
  const constant = graph.constant(float32([5]));
  const sum = add(a, constant);
  const program = await compiled({ same: a, constant, one: sum, two: sum, a: sum });
  expect(await program.run({ a: float32([1]) })).toEqual({
    same: float32([1]),
    constant: float32([5]),
    one: float32([6]),
    two: float32([6]),
    a: float32([6]),
  });
});

test.each([
  ["nothing", {}, "program input a got nothing, expected float32 [2]"],
  [
    "another shape",
    { a: float32([1, 2], [1, 2]) },
    "program input a got float32 [1, 2], expected float32 [2]",
  ],
  ["another type", { a: int64([1, 2]) }, "program input a got int64 [2], expected float32 [2]"],
])("a program that is fed %s says what it expects", async (_, feeds, message) => {
  const program = await compiled({ y: mul(new Graph().input("a", [2]), 3) });
  expect(await errorOf(() => program.run(feeds))).toMatchObject({ code: "E_SHAPE", message });
});

test("a graph that the runtime refuses is an E_RUNTIME", async () => {
  const a = new Graph().input("a", [2]);
  const [y] = a.graph.emit("NoSuchOperator", [a], [{ shape: [2] }]) as [Tensor];
  expect(await errorOf(() => compile(nodeRuntime(), { y }))).toMatchObject({
    code: "E_RUNTIME",
    message: expect.stringContaining("ONNX Runtime refused the graph"),
  });
});

test("an execution provider that is not there is an E_PROVIDER", async () => {
  expect(await errorOf(() => nodeRuntime({ provider: "coreml" }))).toMatchObject({ code: "E_PROVIDER" });
});
