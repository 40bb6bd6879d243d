import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { grad } from "../../src/autodiff/grad.ts";
import { readNpz } from "../../src/data/npz.ts";
import { triggerGenerator } from "../../src/models/trigger-generator.ts";
import type { TensorData } from "../../src/onnx/tensor-data.ts";
import { compile } from "../../src/runtime/compile.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { mul, sub } from "../../src/tensor/elementwise.ts";
import { Graph, type Tensor } from "../../src/tensor/graph.ts";
import { mean } from "../../src/tensor/reduction.ts";

/** Made by tools/make-generator-reference.py with PyTorch in double precision. */
const reference = await readNpz(readFileSync(new URL("../references/generator.npz", import.meta.url)), null);
const values = (name: string): Float32Array => reference.get(name)!.data as Float32Array;

/** max |a - b| / max |b| */
function relativeError(a: Float32Array, b: Float32Array): number {
  const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0) / largest;
}

test("the generator in training agrees with PyTorch: image, loss and the gradient of every parameter", async () => {
  const names = [...reference.keys()].flatMap((key) => (key.startsWith("parameter/") ? [key.slice(10)] : []));
  expect(names).toHaveLength(13 * 4);
  const graph = new Graph();
  const x = graph.input("x", reference.get("x")!.dims);
  const parameters: Record<string, Tensor> = {};
  const feeds: Record<string, TensorData> = { x: reference.get("x")! };
  for (const name of names) {
    feeds[name] = reference.get(`parameter/${name}`)!;
    parameters[name] = graph.input(name, feeds[name].dims);
  }
  const { image } = triggerGenerator(x, parameters, null, { imageChannels: 3, baseChannels: 4 });
  const difference = sub(image, x);
  const loss = mean(mul(difference, difference));
  const gradients = grad(
    loss,
    names.map((name) => parameters[name]!),
  );
  const program = await compile(nodeRuntime(), {
    image,
    loss,
    ...Object.fromEntries(names.map((name, i) => [`gradient ${name}`, gradients[i]!])),
  });
  const results = await program.run(feeds);
  await program.release();
  const result = (name: string): Float32Array => results[name]!.data as Float32Array;
  expect(relativeError(result("image"), values("image"))).toBeLessThan(1e-5);
  expect(relativeError(result("loss"), values("loss"))).toBeLessThan(1e-5);
  for (const name of names) {
    // A bias before a batch norm has no effect: its gradient is rounding on both sides.
    if (name.endsWith(".bias"))
      expect(Math.max(...result(`gradient ${name}`).map(Math.abs))).toBeLessThan(1e-6);
    else
      expect(relativeError(result(`gradient ${name}`), values(`gradient/${name}`)), name).toBeLessThan(1e-4);
  }
});
