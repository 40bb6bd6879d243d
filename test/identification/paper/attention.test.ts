import { expect, test } from "vitest";
import { attentionMap } from "../../../src/identification/paper/attention.ts";
import type { PaperOptions } from "../../../src/identification/paper/options.ts";
import { float32 } from "../../../src/onnx/tensor-data.ts";
import { compile } from "../../../src/runtime/compile.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import { mul } from "../../../src/tensor/elementwise.ts";
import { Graph } from "../../../src/tensor/graph.ts";
import { matmul } from "../../../src/tensor/linalg.ts";
import { reshape } from "../../../src/tensor/movement.ts";

/** Two channels of 1 x 3 px; the weight of each pixel value for both outputs. */
const weights = [
  [1, 0.5],
  [-2, 2],
  [0, 0],
  [-1, 0.5],
  [0, 3],
  [0, 0],
];

/** T of y = x W. */
async function map(kind: PaperOptions["attention"], images: number[][]): Promise<number[][]> {
  const graph = new Graph();
  const image = graph.input("image", [images.length, 2, 1, 3]);
  const w = graph.constant(float32(weights.flat(), [6, 2]));
  const linear = matmul(reshape(image, [images.length, 6]), w);
  const program = await compile(nodeRuntime(), { map: attentionMap(image, linear, kind) });
  const { map } = await program.run({ image: float32(images.flat(), [images.length, 2, 1, 3]) });
  await program.release();
  expect(map!.dims).toEqual([images.length, 1, 1, 3]);
  return images.map((_, i) => [...(map!.data as Float32Array).subarray(3 * i, 3 * i + 3)]);
}

const someImage = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];

/** Magnitudes over their maximum, which stays just below 1. */
function expectMap(found: number[], magnitudes: number[]): void {
  found.forEach((value, i) => {
    expect(value).toBeCloseTo(magnitudes[i]! / Math.max(...magnitudes), 4);
    expect(value).toBeLessThan(1);
  });
}

test("summed: |sum of w over outputs|, added over channels; where signs cancel nothing is left", async () => {
  const [found] = await map("summed", [someImage]);
  // Pixel 0: |1.5| + |-0.5|, pixel 1: |0| + |3|, pixel 2 does not matter to the model.
  expectMap(found!, [2, 3, 0]);
  expect(found![2]).toBe(0);
});

test("per-output: |w| added over outputs and channels; signs cannot cancel", async () => {
  const [found] = await map("per-output", [someImage]);
  expectMap(found!, [3, 7, 0]);
});

test("none: nothing is protected", async () => {
  expect(await map("none", [someImage, someImage])).toEqual([
    [0, 0, 0],
    [0, 0, 0],
  ]);
});

test("each image has the map of its own gradient, whatever its size", async () => {
  const graph = new Graph();
  const image = graph.input("image", [3, 1, 1, 2]);
  // y = x_0^2 + 2 x_1 has the gradient (2 x_0, 2).
  const flat = reshape(image, [3, 2]);
  const squares = matmul(mul(flat, flat), graph.constant(float32([1, 0], [2, 1])));
  const rest = matmul(flat, graph.constant(float32([0, 2], [2, 1])));
  const program = await compile(nodeRuntime(), {
    map: attentionMap(image, graph.emit("Add", [squares, rest], [{ shape: [3, 1] }])[0]!, "summed"),
  });
  const { map } = await program.run({ image: float32([0.5, 9, 2, 9, 0, 9], [3, 1, 1, 2]) });
  await program.release();
  const found = [...(map!.data as Float32Array)];
  [0.5, 1, 1, 0.5, 0, 1].forEach((value, i) => {
    expect(found[i]).toBeCloseTo(value, 5);
  });
});

test("a model that ignores the image has an attention of 0, not NaN", async () => {
  const graph = new Graph();
  const image = graph.input("image", [1, 1, 1, 2]);
  const program = await compile(nodeRuntime(), {
    map: attentionMap(image, reshape(mul(image, 0), [1, 2]), "summed"),
  });
  const { map } = await program.run({ image: float32([1, 2], [1, 1, 1, 2]) });
  await program.release();
  expect(map!.data).toEqual(Float32Array.of(0, 0));
});
