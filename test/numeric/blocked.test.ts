/** Gradients that leave maps in a runtime's blocks of channels. */
import { describe, expect, test } from "vitest";
import { grad } from "../../src/autodiff/grad.ts";
import { type Attributes, ints } from "../../src/onnx/model.ts";
import { float32, sizeOf } from "../../src/onnx/tensor-data.ts";
import { compile } from "../../src/runtime/compile.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { conv } from "../../src/tensor/convolution.ts";
import { add, clip, mul, relu } from "../../src/tensor/elementwise.ts";
import { Graph, type Tensor } from "../../src/tensor/graph.ts";
import { sum } from "../../src/tensor/reduction.ts";
import { convolutionCases } from "./convolution.cases.ts";
import { testRules } from "./helper.ts";
import { valuesFrom } from "./values.ts";

const channelBlock = 16;
const runtime = nodeRuntime({ threads: 1 });

// Few channels go back several places at once, whatever the kernel, stride and padding.
testRules("convolution, in blocks", convolutionCases, 60, { channelBlock });

const c = 16;
const pads = [1, 1, 1, 1];
const tiles: Attributes = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) };

function pooled(op: "MaxPool" | "AveragePool", x: Tensor, attributes: Attributes = tiles): Tensor {
  const [n, channels, h, w] = x.shape as [number, number, number, number];
  return x.graph.emit(op, [x], [{ shape: [n, channels, h / 2, w / 2] }], attributes)[0]!;
}

function weight({ graph }: Tensor, seed: number, shape: readonly number[], scale: number): Tensor {
  return graph.constant(valuesFrom(seed, shape, { low: -scale, high: scale }));
}

/** A map in blocks: the numbers themselves. */
function asTheyAre(x: Tensor): Tensor {
  return conv(x, x.graph.constant(float32(new Float32Array(c).fill(1), [c, 1, 1, 1])), null, { group: c });
}

interface Run {
  readonly dx: Float32Array;
  /** The operators of the program. */
  readonly ops: readonly string[];
}

async function gradientOf(
  net: (x: Tensor) => Tensor,
  shape: readonly number[],
  values: Float32Array,
  block: number | null,
): Promise<Run> {
  const graph = new Graph();
  const x = graph.input("x", shape);
  const y = net(x);
  const weights = graph.constant(valuesFrom(7, y.shape));
  const [dx] = grad(sum(mul(y, weights)), [x], { channelBlock: block });
  const program = await compile(runtime, { dx: dx! });
  try {
    const found = await program.run({ x: float32(values, shape) });
    return { dx: found.dx!.data as Float32Array, ops: graph.nodes.map(({ op }) => op) };
  } finally {
    await program.release();
  }
}

const masks = ["Greater", "GreaterOrEqual", "LessOrEqual", "Equal", "Where"];

describe("masks in blocks", () => {
  const image = [2, 3, 16, 16];
  const stem = (x: Tensor): Tensor => conv(x, weight(x, 1, [c, 3, 3, 3], 0.5), null, { pads });
  const nets: [what: string, net: (x: Tensor) => Tensor][] = [
    ["a rectifier", (x) => relu(stem(x))],
    ["a rectifier that is cut", (x) => clip(stem(x), 0, 1)],
    ["max pools side by side", (x) => pooled("MaxPool", stem(x))],
    [
      "blocks with a way around them",
      (x) => {
        const first = relu(stem(x));
        const inner = relu(conv(first, weight(x, 2, [c, c, 3, 3], 0.2), null, { pads }));
        const whole = relu(add(first, conv(inner, weight(x, 3, [c, c, 3, 3], 0.2), null, { pads })));
        const down = conv(whole, weight(x, 4, [2 * c, c, 3, 3], 0.2), null, { pads, strides: [2, 2] });
        return clip(pooled("AveragePool", relu(down)), 0, 6);
      },
    ],
  ];

  test.each(nets)("%s: as without blocks, and nothing is compared", async (_, net) => {
    const values = valuesFrom(11, image).data as Float32Array;
    const plain = await gradientOf(net, image, values, null);
    const inBlocks = await gradientOf(net, image, values, channelBlock);
    expect(plain.ops.some((op) => masks.includes(op))).toBe(true);
    expect(inBlocks.ops.filter((op) => masks.includes(op))).toEqual([]);
    const scale = Math.max(...plain.dx.map(Math.abs));
    expect(scale).toBeGreaterThan(0);
    for (const [i, value] of inBlocks.dx.entries()) {
      expect(Math.abs(value - plain.dx[i]!)).toBeLessThanOrEqual(1e-5 * scale);
    }
  });

  test("weights that change keep the masks that compare", async () => {
    const graph = new Graph();
    const x = graph.input("x", image);
    const w = graph.input("w", [c, 3, 3, 3]);
    grad(sum(relu(conv(x, w, null, { pads }))), [x], { channelBlock });
    expect(graph.nodes.map(({ op }) => op)).toContain("Greater");
  });

  test("channels that fill no block keep them too", async () => {
    const graph = new Graph();
    const x = graph.input("x", image);
    grad(sum(relu(conv(x, weight(x, 1, [12, 3, 3, 3], 1)))), [x], { channelBlock });
    expect(graph.nodes.map(({ op }) => op)).toContain("Greater");
  });
});

describe("by their definitions", () => {
  const shape = [1, c, 2, 2];
  /** The numbers of the first channel; the others are 0.3. */
  const of = (values: readonly number[]): Float32Array => {
    const all = new Float32Array(sizeOf(shape)).fill(0.3);
    all.set(values);
    return all;
  };
  const slopes = valuesFrom(7, [1, c, 2, 2]).data as Float32Array;

  test("nothing passes where a map is at or below 0, whatever is tiny or large passes", async () => {
    const { dx } = await gradientOf((x) => relu(asTheyAre(x)), shape, of([0, -1e-20, 1e-20, 1e20]), c);
    expect([...dx.slice(0, 4)]).toEqual([0, 0, slopes[2], slopes[3]]);
  });

  test("nothing passes at or beyond a bound of a layer's output", async () => {
    const { dx } = await gradientOf((x) => clip(asTheyAre(x), 0, 6), shape, of([-1, 5.999999, 6, 1e20]), c);
    expect([...dx.slice(0, 4)]).toEqual([0, slopes[1], 0, 0]);
  });

  test("what is all the maximum of a window shares what goes back", async () => {
    const one = (valuesFrom(7, [1, c, 1, 1]).data as Float32Array)[0]!;
    const net = (x: Tensor): Tensor => pooled("MaxPool", asTheyAre(x));
    const { dx } = await gradientOf(net, shape, of([-2, -2, -2.0000002, -2]), c);
    expect(dx[2]).toBe(0);
    for (const i of [0, 1, 3]) expect(dx[i]).toBeCloseTo(one / 3, 6);
    for (const i of [4, 5, 6, 7])
      expect(dx[i]).toBeCloseTo((valuesFrom(7, [1, c, 1, 1]).data[1] as number) / 4, 6);
  });
});
