import { expect, test } from "vitest";
import { blend, diversity, excess, maskOf } from "../../../src/attacks/input-aware/formulas.ts";
import { grad } from "../../../src/autodiff/grad.ts";
import { float32, type TensorData } from "../../../src/onnx/tensor-data.ts";
import { compile } from "../../../src/runtime/compile.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import { Graph, type Tensor } from "../../../src/tensor/graph.ts";
import { someWeights } from "../../support/identification.ts";

const runtime = nodeRuntime({ threads: 1 });
const data = (value: TensorData): Float32Array => value.data as Float32Array;

/** Runs what is written with some arrays as inputs. */
async function run(
  arrays: Readonly<Record<string, TensorData>>,
  write: (inputs: Record<string, Tensor>) => Record<string, Tensor>,
): Promise<Record<string, Float32Array>> {
  const graph = new Graph();
  const inputs = Object.fromEntries(
    Object.entries(arrays).map(([name, { dims }]) => [name, graph.input(name, dims)]),
  );
  const program = await compile(runtime, write(inputs));
  const results = await program.run(arrays);
  await program.release();
  return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, data(value)]));
}

/** The root of the mean square of the difference of row i. */
function rms(a: TensorData, b: TensorData, i: number): number {
  const size = data(a).length / a.dims[0]!;
  let total = 0;
  for (let k = i * size; k < (i + 1) * size; k++) total += (data(a)[k]! - data(b)[k]!) ** 2;
  return Math.sqrt(total / size);
}

test("a mask is tanh(20 M - 10) / (2 + 1e-7) + 0.5: half at one half, and within [0, 1]", async () => {
  const values = [0, 0.25, 0.45, 0.5, 0.55, 1];
  const { mask } = await run({ m: float32(values, [1, 1, 2, 3]) }, ({ m }) => ({ mask: maskOf(m!) }));
  values.forEach((value, i) => {
    expect(mask![i]).toBeCloseTo(Math.tanh(20 * value - 10) / (2 + 1e-7) + 0.5, 6);
  });
  expect(mask![3]).toBe(0.5);
  expect(Math.min(...mask!)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...mask!)).toBeLessThanOrEqual(1);
});

test("a blend is the pattern where the mask is 1, the image where it is 0, in every channel", async () => {
  const [image, pattern] = [someWeights([1, 3, 2, 2], 1), someWeights([1, 3, 2, 2], 2)];
  const mask = float32([0, 1, 0.25, 0], [1, 1, 2, 2]);
  const { blended } = await run({ image, pattern, mask }, (inputs) => ({
    blended: blend(inputs.image!, inputs.pattern!, inputs.mask!),
  }));
  blended!.forEach((value, i) => {
    const share = data(mask)[i % 4]!;
    expect(value).toBeCloseTo((1 - share) * data(image)[i]! + share * data(pattern)[i]!, 6);
  });
});

test("the diversity is the mean over pairs of RMS(x1 - x2) / (RMS(t1 - t2) + 1e-7)", async () => {
  const [x1, x2] = [someWeights([3, 2, 4, 4], 1), someWeights([3, 2, 4, 4], 2)];
  const [t1, t2] = [someWeights([3, 1, 4, 4], 3), someWeights([3, 1, 4, 4], 4)];
  const { value } = await run({ x1, x2, t1, t2 }, (inputs) => ({
    value: diversity([inputs.x1!, inputs.x2!], [inputs.t1!, inputs.t2!]),
  }));
  const pairs = [0, 1, 2].map((i) => rms(x1, x2, i) / (rms(t1, t2, i) + 1e-7));
  expect(value![0]! / (pairs.reduce((a, b) => a + b) / 3)).toBeCloseTo(1, 5);
});

test("an image that meets itself has no diversity, and its gradient is a number", async () => {
  const [x, t] = [someWeights([2, 2, 4, 4], 1), someWeights([2, 1, 4, 4], 3)];
  const { value, gradient } = await run({ x, t, u: t }, (inputs) => {
    const loss = diversity([inputs.x!, inputs.x!], [inputs.t!, inputs.u!]);
    return { value: loss, gradient: grad(loss, [inputs.t!])[0]! };
  });
  expect(value![0]).toBe(0);
  expect(gradient!.every((each) => each === 0)).toBe(true);
});

test("the excess counts what a mask has beyond the density", async () => {
  const { value } = await run({ m: float32([0, 0.01, 0.5, 1], [1, 1, 2, 2]) }, ({ m }) => ({
    value: excess(m!, 0.032),
  }));
  expect(value![0]).toBeCloseTo((0.5 - 0.032 + 1 - 0.032) / 4, 6);
});
