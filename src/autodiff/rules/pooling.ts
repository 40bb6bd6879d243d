/** Gradients of pooling. */
import { type Attributes, getInt, getInts, getString, int, ints, string } from "../../onnx/model.ts";
import { float32, sizeOf } from "../../onnx/tensor-data.ts";
import { type Window, windowedLength } from "../../tensor/convolution.ts";
import { abs, cast, div, equal, full, mul, pow, sign, where } from "../../tensor/elementwise.ts";
import type { GraphNode, OutputSpec, Tensor } from "../../tensor/graph.ts";
import { gatherRows } from "../../tensor/indexing.ts";
import { expand, pad, reshape } from "../../tensor/movement.ts";
import { sum } from "../../tensor/reduction.ts";
import { range } from "../../tensor/shape.ts";
import { type BlockedLayout, scaled } from "../blocked.ts";
import type { GradientRule, RuleTable } from "../rule.ts";
import { convInputGradient } from "./convolution-input.ts";
import { nodeWindow } from "./window.ts";

/** The axes after batch and channel. */
const spatialAxes = (x: Tensor): number[] => range(x.shape.length).slice(2);

/**
 * Each output came from one input, and the operator can say which: the gradient goes back there. Where windows lie side by side the inputs themselves say it,
 * in a fraction of the time.
 */
const maxPool: GradientRule = ({ node, x, y, dy, blocked }) => {
  const input = x[0]!;
  const graph = input.graph;
  const window = poolWindow(node);
  if (isTiling(input.shape.slice(2), dy.shape.slice(2), window)) {
    return [sharedByMaxima(input, y[0]!, dy, window.kernel, blocked?.has(input) ? blocked : null)];
  }
  const indices = maxPoolIndices(node, y);
  const size = sizeOf(input.shape);
  const flat = graph.emit(
    "ScatterElements",
    [full(graph, [size], 0), reshape(indices, [sizeOf(dy.shape)]), reshape(dy, [sizeOf(dy.shape)])],
    [{ shape: [size] }],
    { axis: { kind: "int", value: 0 }, reduction: { kind: "string", value: "add" } },
  )[0]!;
  return [reshape(flat, input.shape)];
};

/** What goes back where windows lie side by side; inputs of one window that are all its maximum share it, as in GlobalMaxPool. */
function sharedByMaxima(
  x: Tensor,
  y: Tensor,
  dy: Tensor,
  kernel: readonly number[],
  blocked: BlockedLayout | null,
): Tensor {
  const lengths = x.shape.slice(2);
  const hits =
    blocked === null
      ? cast(equal(x, repeatTiles(y, lengths, kernel)), "float32")
      : blocked.reaching(x, repeatTiles(scaled(y, -1), lengths, kernel));
  const tiles: Attributes = { kernel_shape: ints(kernel), strides: ints(kernel) };
  const part = x.graph.emit("AveragePool", [hits], [{ shape: y.shape }], tiles)[0]!;
  const share = div(dy, mul(part, sizeOf(kernel)));
  return mul(hits, repeatTiles(blocked?.enter(share) ?? share, lengths, kernel));
}

/** Where each output came from, in row-major order over the whole input. */
function maxPoolIndices(node: GraphNode, y: readonly Tensor[]): Tensor {
  const output: OutputSpec = { shape: y[0]!.shape, dtype: "int64", name: "indices" };
  const isRowMajor = getInt(node, "storage_order", 0) === 0;
  const graph = y[0]!.graph;
  if (isRowMajor) return y[1] ?? graph.appendOutput(node, output);
  const again = graph.emit("MaxPool", node.inputs, [{ shape: output.shape }, output], {
    ...node.attributes,
    storage_order: int(0),
  });
  return again[1]!;
}

/** Each input went to one place of the output, which has zeros elsewhere. */
const maxUnpool: GradientRule = ({ x, dy }) => {
  const [input, indices] = x as [Tensor, Tensor];
  return [gatherRows(reshape(dy, [sizeOf(dy.shape)]), reshape(indices, input.shape)), null];
};

/**
 * The window of an average or norm. Where a stride is longer than the kernel, auto_pad needs fewer elements than there
 * are, and ONNX Runtime takes the difference from both ends: its pads are negative.
 */
function poolWindow(node: GraphNode): Window {
  const window = nodeWindow(node, getInts(node, "kernel_shape", []));
  const autoPad = getString(node, "auto_pad", "NOTSET");
  if (!autoPad.startsWith("SAME")) return window;
  const totals = node.inputs[0]!.shape.slice(2).map((length, i) => {
    const [kernel, stride] = [window.kernel[i]!, window.strides[i]!];
    return (Math.ceil(length / stride) - 1) * stride + kernel - length;
  });
  const before = totals.map((total) => Math.trunc((autoPad === "SAME_LOWER" ? total + 1 : total) / 2));
  return { ...window, pads: [...before, ...totals.map((total, i) => total - before[i]!)] };
}

const averagePool: GradientRule = ({ node, x, dy }) => {
  const input = x[0]!;
  const lengths = input.shape.slice(2);
  const window = poolWindow(node);
  const weights = averageWeights(node, lengths, dy.shape.slice(2), window);
  return [spreadOverWindows(mul(dy, weights), lengths, window)];
};

/**
 * 1 / divisor of each window of an average pool, [1, 1, ...].
 *
 * What the divisor counts depends on padding, `ceil_mode` and `count_include_pad`, in ways that differ between
 * versions. Pooling an image of ones gives taps / divisor, whatever the rules are, and taps can be counted.
 */
function averageWeights(
  node: GraphNode,
  lengths: readonly number[],
  outputs: readonly number[],
  window: Window,
): Tensor {
  const graph = node.inputs[0]!.graph;
  const ones = full(graph, [1, 1, ...lengths], 1);
  const pooled = graph.emit("AveragePool", [ones], [{ shape: [1, 1, ...outputs] }], node.attributes)[0]!;
  const counts = outputs.map((count, axis) =>
    range(count).map((p) => tapsInside(p, axis, lengths[axis]!, window)),
  );
  const shape = [1, 1, ...outputs];
  const taps = new Float32Array(sizeOf(outputs));
  for (let index = 0; index < taps.length; index++) {
    let rest = index;
    let product = 1;
    for (let axis = outputs.length - 1; axis >= 0; axis--) {
      product *= counts[axis]![rest % outputs[axis]!]!;
      rest = Math.floor(rest / outputs[axis]!);
    }
    taps[index] = Math.max(product, 1);
  }
  return div(pooled, graph.constant(float32(taps, shape)));
}

/** How many taps of the window at one position fall on the input and not on padding. */
function tapsInside(position: number, axis: number, length: number, window: Window): number {
  const start = position * window.strides[axis]! - window.pads[axis]!;
  const places = range(window.kernel[axis]!).map((tap) => start + tap * window.dilations[axis]!);
  return places.filter((place) => place >= 0 && place < length).length;
}

/**
 * The transpose of summing over windows.
 *
 * @param dy [N, C, ...]
 * @param lengths the spatial size of the input
 */
function spreadOverWindows(dy: Tensor, lengths: readonly number[], window: Window): Tensor {
  if (isTiling(lengths, dy.shape.slice(2), window)) return repeatTiles(dy, lengths, window.kernel);
  if (window.pads.some((n) => n < 0)) return spreadInside(dy, lengths, window);
  // In ceil mode windows may begin so late that padding at the end must be longer than was written.
  const fitted = fitCeilMode(lengths, dy.shape.slice(2), window);
  const channels = dy.shape[1]!;
  const ones = full(dy.graph, [channels, 1, ...window.kernel], 1);
  return convInputGradient(dy, ones, lengths, { ...fitted, group: channels });
}

/** With negative pads the windows see a part of the input only; the rest gets zeros. */
function spreadInside(dy: Tensor, lengths: readonly number[], window: Window): Tensor {
  const rank = lengths.length;
  const hidden = window.pads.map((n) => Math.max(0, -n));
  const seen = lengths.map((length, i) => length - hidden[i]! - hidden[i + rank]!);
  const inner = spreadOverWindows(dy, seen, { ...window, pads: window.pads.map((n) => Math.max(0, n)) });
  return pad(inner, [0, 0, ...hidden.slice(0, rank)], [0, 0, ...hidden.slice(rank)]);
}

function fitCeilMode(lengths: readonly number[], outputs: readonly number[], window: Window): Window {
  const rank = lengths.length;
  const pads = [...window.pads];
  outputs.forEach((count, axis) => {
    while (windowedLength(lengths[axis]!, { ...window, pads }, axis) < count) pads[axis + rank]! += 1;
  });
  return { ...window, pads };
}

/** Whether windows lie side by side and cover the input exactly. */
function isTiling(lengths: readonly number[], outputs: readonly number[], window: Window): boolean {
  return lengths.every(
    (length, i) =>
      window.strides[i] === window.kernel[i] &&
      window.dilations[i] === 1 &&
      window.pads[i] === 0 &&
      outputs[i]! * window.kernel[i]! === length,
  );
}

/** Each number in all places of its tile. */
function repeatTiles(dy: Tensor, lengths: readonly number[], kernel: readonly number[]): Tensor {
  // Images are resized by the runtime faster than short rows are expanded.
  if (lengths.length === 2) {
    const scales = dy.graph.constant(float32([1, 1, ...kernel], [4]));
    const attributes: Attributes = {
      mode: string("nearest"),
      coordinate_transformation_mode: string("asymmetric"),
      nearest_mode: string("floor"),
    };
    return dy.graph.emit(
      "Resize",
      [dy, null, scales],
      [{ shape: [...dy.shape.slice(0, 2), ...lengths] }],
      attributes,
    )[0]!;
  }
  const lead = dy.shape.slice(0, 2);
  const outputs = dy.shape.slice(2);
  const split = outputs.flatMap((length) => [length, 1]);
  const tiled = outputs.flatMap((length, i) => [length, kernel[i]!]);
  return reshape(expand(reshape(dy, [...lead, ...split]), [...lead, ...tiled]), [...lead, ...lengths]);
}

/** y = (sum |x|^p)^(1/p): dx = dy sign(x) |x|^(p-1) y^(1-p). */
const lpPool: GradientRule = ({ node, x, y, dy }) => {
  const input = x[0]!;
  const p = getInt(node, "p", 2);
  const window = poolWindow(node);
  const scaled = scaledByNorm(dy, y[0]!, p);
  const spread = spreadOverWindows(scaled, input.shape.slice(2), window);
  return [mul(spread, powerSlope(input, p))];
};

const globalLpPool: GradientRule = ({ node, x, y, dy }) => {
  const input = x[0]!;
  const p = getInt(node, "p", 2);
  return [mul(scaledByNorm(dy, y[0]!, p), powerSlope(input, p))];
};

function scaledByNorm(dy: Tensor, y: Tensor, p: number): Tensor {
  if (p === 1) return dy;
  const isZero = equal(y, 0);
  return where(isZero, 0, div(dy, pow(where(isZero, 1, y), p - 1)));
}

function powerSlope(x: Tensor, p: number): Tensor {
  return p === 2 ? x : p === 1 ? sign(x) : mul(sign(x), pow(abs(x), p - 1));
}

/** Rules of pooling. */
export const pooling: RuleTable = {
  MaxPool: maxPool,
  MaxUnpool: maxUnpool,
  AveragePool: averagePool,
  LpPool: lpPool,
  GlobalAveragePool: ({ x, dy }) => {
    const input = x[0]!;
    return [expand(mul(dy, 1 / sizeOf(input.shape.slice(2))), input.shape)];
  },
  GlobalMaxPool: ({ x, y, dy }) => {
    const input = x[0]!;
    const hits = cast(equal(input, y[0]!), "float32");
    return [mul(hits, div(dy, sum(hits, { axes: spatialAxes(input), keepDims: true })))];
  },
  GlobalLpPool: globalLpPool,
};
