import { expect, test } from "vitest";
import { float32 } from "../../src/onnx/tensor-data.ts";
import { pack, packedLength, packingOf, unpack, unpackTensors } from "../../src/optim/packing.ts";
import { compile } from "../../src/runtime/compile.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { Graph } from "../../src/tensor/graph.ts";
import { errorOf } from "../support/errors.ts";

const arrays = {
  weight: float32([1, 2, 3, 4, 5, 6], [2, 3]),
  scalar: float32([7], []),
  bias: float32([8, 9]),
};
const packing = packingOf(arrays);

test("arrays stand one after the other in the order in which they are listed", () => {
  expect(packing.map(({ name }) => name)).toEqual(["weight", "scalar", "bias"]);
  expect(packedLength(packing)).toBe(9);
  expect(pack(arrays)).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
});

test("what is packed is unpacked, as views", () => {
  const vector = pack(arrays);
  const unpacked = unpack(vector, packing);
  expect(unpacked).toEqual(arrays);
  (unpacked.bias!.data as Float32Array)[0] = 80;
  expect(vector[7]).toBe(80);
});

test("a vector of another length is refused", async () => {
  const error = await errorOf(() => unpack(new Float32Array(10), packing));
  expect(error).toMatchObject({ code: "E_SHAPE", message: "found 10 packed numbers, expected 9" });
});

test("a program unpacks a vector as unpack does", async () => {
  const graph = new Graph();
  const program = await compile(nodeRuntime(), unpackTensors(graph.input("vector", [9]), packing));
  const results = await program.run({ vector: float32(pack(arrays)) });
  await program.release();
  expect(results).toEqual(arrays);
});
