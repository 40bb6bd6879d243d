/** Gradients of pooling operators against finite differences. */
import { expect, test } from "vitest";
import { grad } from "../../src/autodiff/grad.ts";
import { ints } from "../../src/onnx/model.ts";
import { float32 } from "../../src/onnx/tensor-data.ts";
import { compile } from "../../src/runtime/compile.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { Graph } from "../../src/tensor/graph.ts";
import { sum } from "../../src/tensor/reduction.ts";
import { testRules } from "./helper.ts";
import { poolingCases } from "./pooling.cases.ts";

testRules("pooling", poolingCases, 40);

test("inputs that are all the maximum of a window share what goes back", async () => {
  const graph = new Graph();
  const x = graph.input("x", [1, 1, 2, 4]);
  const attributes = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) };
  const [y] = graph.emit("MaxPool", [x], [{ shape: [1, 1, 1, 2] }], attributes);
  const [dx] = grad(sum(y!), [x]);
  const program = await compile(nodeRuntime(), { dx: dx! });
  const found = await program.run({ x: float32([3, 3, 1, 2, 3, 3, 2, 0], [1, 1, 2, 4]) });
  await program.release();
  expect([...found.dx!.data]).toEqual([0.25, 0.25, 0, 0.5, 0.25, 0.25, 0.5, 0]);
});
