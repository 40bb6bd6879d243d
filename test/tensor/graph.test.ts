import { expect, test } from "vitest";
import { float32, int64 } from "../../src/onnx/tensor-data.ts";
import { add, mul } from "../../src/tensor/elementwise.ts";
import { Graph } from "../../src/tensor/graph.ts";
import { errorOf } from "../support/errors.ts";

test("small equal constants are one, unlike in type, shape, sign of zero or value", () => {
  const graph = new Graph();
  const one = graph.constant(float32([1]));
  expect(graph.constant(float32([1]))).toBe(one);
  for (const other of [float32([1], []), float32([2]), int64([1])])
    expect(graph.constant(other)).not.toBe(one);
  expect(graph.constant(float32([0]))).not.toBe(graph.constant(float32([-0])));
});

test("names are never given twice", async () => {
  const graph = new Graph();
  const a = graph.input("a", [2]);
  const tensors = [add(a, 1), add(a, 2), graph.constant(float32(new Float32Array(100)), "a")];
  expect(new Set([a, ...tensors].map(({ name }) => name)).size).toBe(4);
  expect(await errorOf(() => graph.input("a", [2]))).toMatchObject({ code: "E_INTERNAL" });
});

test("what depends on constants alone is written once, what depends on inputs each time", () => {
  const graph = new Graph();
  const a = graph.input("a", [2]);
  const constant = graph.constant(float32([1, 2]));
  expect(mul(constant, 3)).toBe(mul(constant, 3));
  expect(mul(constant, 3)).not.toBe(mul(constant, 4));
  expect(mul(a, 3)).not.toBe(mul(a, 3));
});

test("tensors of another graph and impossible shapes are refused", async () => {
  const graph = new Graph();
  expect(await errorOf(() => add(graph.input("a", [2]), new Graph().input("b", [2])))).toMatchObject({
    code: "E_INTERNAL",
    message: expect.stringContaining("b, which belongs to another graph"),
  });
  expect(await errorOf(() => graph.input("c", [2, -1]))).toMatchObject({ code: "E_SHAPE" });
  expect(await errorOf(() => graph.input("d", [1.5]))).toMatchObject({ code: "E_SHAPE" });
});
