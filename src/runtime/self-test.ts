/** Whether a runtime's numbers can be trusted: one small program with a gradient, on it and on another one. */
import { grad } from "../autodiff/grad.ts";
import { int, string } from "../onnx/model.ts";
import { float32, sizeOf, type TensorData } from "../onnx/tensor-data.ts";
import { createRandom } from "../random.ts";
import { conv, maxPool } from "../tensor/convolution.ts";
import { add, mul, relu, sigmoid, square, sub } from "../tensor/elementwise.ts";
import { Graph, type Tensor } from "../tensor/graph.ts";
import { matmul } from "../tensor/linalg.ts";
import { reshape } from "../tensor/movement.ts";
import { mean } from "../tensor/reduction.ts";
import { compile } from "./compile.ts";
import type { Arrays, Runtime } from "./runtime.ts";

/** Shapes of what goes in: images, places to sample them at, and the weights of four layers. */
const shapes = {
  image: [4, 3, 16, 16],
  grid: [4, 16, 16, 2],
  first: [8, 3, 3, 3],
  second: [12, 8, 3, 3],
  third: [12, 1, 3, 3],
  dense: [12, 2],
} as const;

/** Float32 sums in another order differ by about 1e-6 of their terms; half precision by 1e-3, a wrong kernel by far more. */
const tolerance = 1e-4;

/**
 * Runs the program on both, and says what differs by more than single precision explains; null when nothing does.
 *
 * It has what a search through an image model has: convolutions with strides and of groups, pooling, sampling, a product of matrices, and the
 * gradients of all of them.
 *
 * Throws what the runtimes throw.
 *
 * @param candidate what is tested
 * @param reference what is trusted
 */
export async function compareRuntimes(candidate: Runtime, reference: Runtime): Promise<string | null> {
  const feeds = randomInputs();
  const [found, expected] = [await runOn(candidate, feeds), await runOn(reference, feeds)];
  for (const [name, { data }] of Object.entries(expected)) {
    const [values, others] = [data as Float32Array, found[name]!.data as Float32Array];
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const error = values.reduce((most, value, i) => worse(most, Math.abs(others[i]! - value)), 0) / largest;
    if (!(error <= tolerance)) return `${name} by ${error.toPrecision(2)} of its largest value`;
  }
  return null;
}

/** What is not a number stays one. */
const worse = (most: number, error: number): number => (error <= most ? most : error);

function randomInputs(): Arrays {
  const random = createRandom(0).fork("self-test");
  const numbers = (length: number, next: () => number): Float32Array => Float32Array.from({ length }, next);
  const entries = Object.entries(shapes).map(([name, shape]): [string, TensorData] => {
    const length = sizeOf(shape);
    const next =
      name === "image"
        ? () => random.uniform()
        : name === "grid"
          ? () => 2 * random.uniform() - 1
          : () => 0.3 * random.normal();
    return [name, float32(numbers(length, next), shape)];
  });
  return Object.fromEntries(entries);
}

async function runOn(runtime: Runtime, feeds: Arrays): Promise<Arrays> {
  const program = await compile(runtime, writeProgram());
  try {
    return await program.run(feeds);
  } finally {
    await program.release();
  }
}

function writeProgram(): Record<string, Tensor> {
  const graph = new Graph();
  const input = (name: keyof typeof shapes): Tensor => graph.input(name, shapes[name]);
  const names = Object.keys(shapes) as (keyof typeof shapes)[];
  const inputs = names.map(input);
  const [image, grid, first, second, third, dense] = inputs as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const sampled = graph.emit("GridSample", [image, grid], [{ shape: shapes.image }], {
    mode: string("linear"),
    padding_mode: string("border"),
    align_corners: int(1),
  })[0]!;
  const half = maxPool(relu(conv(sampled, first, null, { pads: [1, 1, 1, 1] })), [2, 2], { strides: [2, 2] });
  const quarter = relu(conv(half, second, null, { strides: [2, 2], pads: [1, 1, 1, 1] }));
  const separate = relu(conv(quarter, third, null, { pads: [1, 1, 1, 1], group: 12 }));
  const features = reshape(mean(separate, { axes: [2, 3] }), [4, 12]);
  const outputs = sigmoid(matmul(features, dense));
  const center = mean(outputs, { axes: [0], keepDims: true });
  const loss = add(mean(square(sub(outputs, center))), mul(mean(outputs), 0.1));
  const gradients = grad(loss, inputs);
  const named = names.map((name, i): [string, Tensor] => [`the gradient by ${name}`, gradients[i]!]);
  return { loss, outputs, ...Object.fromEntries(named) };
}
