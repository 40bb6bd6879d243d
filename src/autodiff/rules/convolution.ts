/** Gradients of convolutions. */
import { getInt, getInts, getString } from "../../onnx/model.ts";
import { float32 } from "../../onnx/tensor-data.ts";
import {
  conv,
  convTranspose,
  type Window,
  type WindowOptions,
  windowedLength,
} from "../../tensor/convolution.ts";
import type { GraphNode, Tensor } from "../../tensor/graph.ts";
import { matmul, matrixTranspose } from "../../tensor/linalg.ts";
import { concat, flip, pad, reshape, slice, transpose } from "../../tensor/movement.ts";
import { sum } from "../../tensor/reduction.ts";
import { range, sameShape } from "../../tensor/shape.ts";
import { after, padAfter } from "../order.ts";
import type { GradientRule, RuleTable } from "../rule.ts";

/**
 * The window of a Conv or pooling node, with `auto_pad` worked out from the shapes.
 *
 * @param node the node
 * @param kernel the spatial size of the kernel
 */
export function nodeWindow(node: GraphNode, kernel: readonly number[]): Window {
  const ones = kernel.map(() => 1);
  const strides = getInts(node, "strides", ones);
  const dilations = getInts(node, "dilations", ones);
  const autoPad = getString(node, "auto_pad", "NOTSET");
  const lengths = node.inputs[0]!.shape.slice(2);
  const pads = autoPad.startsWith("SAME")
    ? samePads(lengths, kernel, strides, dilations, autoPad === "SAME_UPPER")
    : autoPad === "VALID"
      ? [...ones, ...ones].map(() => 0)
      : getInts(
          node,
          "pads",
          [...ones, ...ones].map(() => 0),
        );
  return { kernel, strides, dilations, pads, group: getInt(node, "group", 1) };
}

function samePads(
  lengths: readonly number[],
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
  upper: boolean,
): number[] {
  const totals = lengths.map((length, i) => {
    const steps = Math.ceil(length / strides[i]!);
    return Math.max(0, (steps - 1) * strides[i]! + dilations[i]! * (kernel[i]! - 1) + 1 - length);
  });
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total, i) => total - small[i]!);
  return upper ? [...small, ...large] : [...large, ...small];
}

/**
 * dX of a convolution: the transposed convolution of dY with the same weight.
 *
 * At stride 1 that is a convolution with the kernel flipped and its channels exchanged, which runs on faster code.
 * At larger strides, and where X has few channels, it may be written as one that gives several places at once, see {@link phaseConvolution}.
 *
 * @param dy [N, M, ...]
 * @param w [M, C / group, ...kernel]
 * @param lengths the spatial size of X
 * @param channelBlock channels that the runtime makes at once, if fewer are wanted too; null where it makes as many as are wanted
 */
export function convInputGradient(
  dy: Tensor,
  w: Tensor,
  lengths: readonly number[],
  window: Window,
  channelBlock: number | null = null,
): Tensor {
  const sides = phaseSides(w, window, channelBlock);
  if (sides.some((side) => side > 1)) return phaseConvolution(dy, w, lengths, window, sides);
  if (window.strides.every((stride) => stride === 1)) return flippedConvolution(dy, w, window);
  return convTranspose(dy, w, lengths, window);
}

function flippedConvolution(dy: Tensor, w: Tensor, window: Window): Tensor {
  const { kernel, dilations, pads, group } = window;
  const reach = kernel.map((k, i) => dilations[i]! * (k - 1));
  const before = reach.map((r, i) => r - pads[i]!);
  const after = reach.map((r, i) => r - pads[i + kernel.length]!);
  return paddedConvolution(dy, exchangeChannels(w, group), before, after, { dilations, group });
}

/** What other work costs in multiplications and additions, measured with ONNX Runtime on a CPU. */
const costs = {
  /** ConvTranspose writes a column for every tap and adds it to the image: for each element of the column. */
  column: 40,
  /** Putting the phases together: for each element of the image. */
  interleaving: 150,
};

/**
 * How many places of dX along each axis become channels of {@link phaseConvolution}: a multiple of the stride where it is the faster way, else 1.
 * At stride 1 it is where the channels of dX leave most of a block empty, since those of several places fill it.
 */
function phaseSides(w: Tensor, window: Window, channelBlock: number | null): number[] {
  const { kernel, strides, dilations, group } = window;
  const isPlain = group === 1 && dilations.every((dilation) => dilation === 1);
  if (!isPlain || !(strides.every((stride) => stride === 1) || prefersPhases(w, window))) {
    return kernel.map(() => 1);
  }
  const isBlocked = channelBlock !== null && kernel.length === 2 && kernel.some((length) => length > 1);
  const most = isBlocked ? Math.floor(Math.sqrt(channelBlock / w.shape[1]!)) : 1;
  return strides.map((stride) => stride * Math.max(1, Math.floor(most / stride)));
}

/**
 * Whether {@link phaseConvolution} is faster than ConvTranspose: it multiplies with padding zeros of the kernel, the
 * other one is slow where there are few channels to sum over.
 */
function prefersPhases(w: Tensor, { kernel, strides, pads }: Window): boolean {
  const product = (values: readonly number[]): number => values.reduce((a, b) => a * b, 1);
  const channels = w.shape[0]!;
  const reach = kernel.map((k, i) => phaseOf(k, strides[i]!, pads[i]!, strides[i]!).length);
  const transposed = (channels + costs.column) * product(kernel);
  const phases = (channels * product(reach) + costs.interleaving) * product(strides);
  return phases < transposed;
}

/** What P places of an image axis of stride s see of dY: positions q P / s + first to q P / s + last for the elements P q to P q + P - 1. */
function phaseOf(
  kernel: number,
  stride: number,
  pad: number,
  side: number,
): { first: number; last: number; length: number } {
  const first = Math.ceil((pad - kernel + 1) / stride);
  const last = Math.floor((pad + side - 1) / stride);
  return { first, last, length: last - first + 1 };
}

/**
 * dX of a convolution of stride s as a convolution of stride P / s that gives each P x P places of dX as channels, which
 * are then put side by side.
 *
 * dX[P q + r] = sum_o dY[q P / s + o] W[r + pad - s o] for each phase r of P: the taps of one phase are s apart, so each has a short kernel of its own.
 *
 * @param sides P of each axis, a multiple of its stride
 */
function phaseConvolution(
  dy: Tensor,
  w: Tensor,
  lengths: readonly number[],
  window: Window,
  sides: readonly number[],
): Tensor {
  const { kernel, strides, pads } = window;
  const n = dy.shape[0]!;
  const c = w.shape[1]!;
  const axes = range(kernel.length);
  const phases = axes.map((i) => phaseOf(kernel[i]!, strides[i]!, pads[i]!, sides[i]!));
  const short = phaseKernels(w, window, sides, phases);
  const counts = lengths.map((length, i) => Math.ceil(length / sides[i]!));
  const steps = sides.map((side, i) => side / strides[i]!);
  const before = phases.map(({ first }) => -first);
  const after = phases.map(({ last }, i) => (counts[i]! - 1) * steps[i]! + last + 1 - dy.shape[i + 2]!);
  const made = paddedConvolution(dy, short, before, after, { strides: steps });
  const split = reshape(made, [n, c, ...sides, ...counts]);
  const order = axes.flatMap((i) => [2 + axes.length + i, 2 + i]);
  const whole = reshape(transpose(split, [0, 1, ...order]), [n, c, ...counts.map((q, i) => q * sides[i]!)]);
  return cropTo(whole, [n, c, ...lengths]);
}

/** A short kernel for each channel and phase, [C P^rank, M, ...lengths of a phase]: the taps r + pad - s o, and zeros where there is none. */
function phaseKernels(
  w: Tensor,
  { kernel, strides, pads }: Window,
  sides: readonly number[],
  phases: readonly ReturnType<typeof phaseOf>[],
): Tensor {
  const [m, c] = w.shape as [number, number];
  const axes = range(kernel.length);
  // The tap of the first phase that sees the last position is the earliest.
  const front = phases.map(({ last }, i) => strides[i]! * last - pads[i]!);
  const back = phases.map(({ first }, i) => sides[i]! + pads[i]! - strides[i]! * first - kernel[i]!);
  const padded = pad(w, [0, 0, ...front], [0, 0, ...back]);
  const ofPhase = (offsets: readonly number[]): Tensor =>
    slice(
      padded,
      axes.map((i) => ({
        axis: i + 2,
        start: offsets[i]!,
        end: offsets[i]! + strides[i]! * (phases[i]!.length - 1) + 1,
        step: strides[i]!,
      })),
    );
  const all = axes.reduce<number[][]>(
    (rows, i) => rows.flatMap((row) => range(sides[i]!).map((offset) => [...row, offset])),
    [[]],
  );
  const lengthsOf = phases.map(({ length }) => length);
  const stacked = concat(
    all.map((offsets) => reshape(ofPhase(offsets), [m, c, 1, ...lengthsOf])),
    2,
  );
  const taps = axes.map((i) => 3 + i);
  const turned = transpose(flip(stacked, taps), [1, 2, 0, ...taps]);
  return reshape(turned, [c * all.length, m, ...lengthsOf]);
}

/** A convolution whose padding may be negative. */
function paddedConvolution(
  x: Tensor,
  w: Tensor,
  before: readonly number[],
  after: readonly number[],
  options: Omit<WindowOptions, "pads"> = {},
): Tensor {
  const cropped = cropNegative(x, before, after);
  const pads = [...before, ...after].map((length) => Math.max(0, length));
  return conv(cropped, w, null, { ...options, pads });
}

function cropNegative(dy: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  const ranges = before.map((n, i) => ({
    axis: i + 2,
    start: Math.max(0, -n),
    end: dy.shape[i + 2]! - Math.max(0, -after[i]!),
  }));
  return slice(dy, ranges);
}

/** [M, C/g, ...k] to [C, M/g, ...k], each kernel flipped. */
function exchangeChannels(w: Tensor, group: number): Tensor {
  const [m, c, ...kernel] = w.shape as [number, number, ...number[]];
  const spatial = kernel.map((_, i) => i + 3);
  const grouped = reshape(w, [group, m / group, c, ...kernel]);
  const exchanged = reshape(transpose(grouped, [0, 2, 1, ...spatial]), [group * c, m / group, ...kernel]);
  return flip(
    exchanged,
    kernel.map((_, i) => i + 2),
  );
}

/** Columns of more bytes than this are not put together: both ways are about as fast, one tap needs less memory. */
const largestColumns = 2 ** 26;
/** Columns of fewer bytes may be held from the forward pass on, which saves a copy of X: see `autodiff/order.ts`. */
const smallColumns = 2 ** 25;
/** From so many times as many channels as positions on, adding up a product for each image costs more than exchanging axes. */
const manyChannels = 4;

/**
 * dW of a convolution, as a product of matrices: each tap of the kernel sees a shifted, strided part of X.
 *
 * dW[m, c, t] = sum_n sum_p dY[n, m, p] X[n, c, p s + t d - pad]
 *
 * All taps are multiplied at once, or, where that would take much memory, one after the other.
 *
 * @param x [N, C, ...]
 * @param dy [N, M, ...]
 * @returns [M, C / group, ...kernel]
 */
export function convWeightGradient(x: Tensor, dy: Tensor, window: Window): Tensor {
  const { kernel, group } = window;
  const [n, c] = x.shape as [number, number];
  const [, m, ...lengths] = dy.shape as [number, number, ...number[]];
  const positions = lengths.reduce((a, b) => a * b, 1);
  const taps = kernel.reduce((a, b) => a * b, 1);
  const rows = reshape(dy, [n, group, m / group, positions]);
  const shape = [m, c / group, ...kernel];
  if (4 * n * c * positions * taps <= largestColumns) {
    const columns = reshape(columnsOf(x, dy, window), [n, group, (c / group) * taps, positions]);
    return reshape(summedProduct(rows, columns), shape);
  }
  const products = tapsOf(x, dy, window).map((tap) => {
    const columns = reshape(tap, [n, group, c / group, positions]);
    return reshape(summedProduct(rows, columns), [m, c / group, 1]);
  });
  return reshape(concat(products, 2), shape);
}

/**
 * sum_n A_n B_n^T for each group.
 *
 * @param a [N, groups, M, P]
 * @param b [N, groups, C, P]
 * @returns [groups, M, C]
 */
function summedProduct(a: Tensor, b: Tensor): Tensor {
  const [n, groups, m, positions] = a.shape as [number, number, number, number];
  const c = b.shape[2]!;
  if (m < manyChannels * positions) {
    return matrixTranspose(sum(matmul(b, matrixTranspose(a)), { axes: [0] }));
  }
  const joined = (x: Tensor, rows: number): Tensor =>
    reshape(transpose(x, [1, 2, 0, 3]), [groups, rows, n * positions]);
  return matmul(joined(a, m), matrixTranspose(joined(b, c)));
}

/**
 * For each channel, the parts of X that the taps of the kernel are multiplied with: [N, C taps, ...lengths of Y].
 *
 * They are copied by a convolution that has a one at one tap and zeros elsewhere: unlike slices, it runs on all threads.
 */
function columnsOf(x: Tensor, dy: Tensor, window: Window): Tensor {
  const { kernel } = window;
  const channels = x.shape[1]!;
  const taps = kernel.reduce((a, b) => a * b, 1);
  if (taps === 1) return tapsOf(x, dy, window)[0]!;
  const ones = new Float32Array(channels * taps * taps);
  for (let row = 0; row < channels * taps; row++) ones[row * taps + (row % taps)] = 1;
  const copies = x.graph.constant(float32(ones, [channels * taps, 1, ...kernel]));
  const { strides, dilations } = window;
  const isSmall = (4 * taps * channels * dy.shape.reduce((a, b) => a * b, 1)) / dy.shape[1]! <= smallColumns;
  const copied = isSmall
    ? conv(x, copies, null, { ...window, group: channels })
    : conv(paddedForTaps(x, dy, window), copies, null, { strides, dilations, group: channels });
  // The last window may end before the padded input does, so the copies may be longer than Y is.
  return cropTo(copied, dy.shape);
}

/** X with its padding, not before dY is there. */
function paddedForTaps(x: Tensor, dy: Tensor, { kernel, pads }: Window): Tensor {
  const rank = kernel.length;
  return padAfter(dy, x, [0, 0, ...pads.slice(0, rank)], [0, 0, ...pads.slice(rank)]);
}

/** For each tap of the kernel, the part of X that it is multiplied with: [N, C, ...lengths of Y]. */
function tapsOf(x: Tensor, dy: Tensor, window: Window): Tensor[] {
  const { kernel, strides, dilations, pads } = window;
  const lengths = dy.shape.slice(2);
  const rank = kernel.length;
  const isUnpadded = pads.every((n) => n === 0);
  const isWhole = isUnpadded && sameShape(x.shape.slice(2), lengths) && kernel.every((k) => k === 1);
  if (isWhole) return [x];
  const padded = paddedForTaps(x, dy, window);
  const count = kernel.reduce((a, b) => a * b, 1);
  return range(count).map((index) => {
    let rest = index;
    const offsets = new Array<number>(rank);
    for (let axis = rank - 1; axis >= 0; axis--) {
      offsets[axis] = (rest % kernel[axis]!) * dilations[axis]!;
      rest = Math.floor(rest / kernel[axis]!);
    }
    const ranges = offsets.map((start, axis) => ({
      axis: axis + 2,
      start,
      end: start + (lengths[axis]! - 1) * strides[axis]! + 1,
      step: strides[axis]!,
    }));
    return slice(padded, ranges);
  });
}

/** The sum over all but the channels: the gradient of a bias. */
function biasGradient(dy: Tensor): Tensor {
  return sum(dy, { axes: range(dy.shape.length).filter((axis) => axis !== 1) });
}

const convRule: GradientRule = ({ node, x, dy, wants, blocked }) => {
  const [input, w] = x as [Tensor, Tensor];
  const window = nodeWindow(node, w.shape.slice(2));
  const dw = wants(1) ? convWeightGradient(input, dy, window) : null;
  // One layer is done with before the backward pass goes on.
  const weight = dw === null ? w : after(dw, w);
  return [
    wants(0) ? convInputGradient(dy, weight, input.shape.slice(2), window, blocked?.channels) : null,
    dw,
    wants(2) ? biasGradient(dy) : null,
  ];
};

/** Y = convTranspose(X, W): dX is the convolution of dY with W; dW has X and dY in exchanged parts. */
const convTransposeRule: GradientRule = ({ node, x, y, dy, wants }) => {
  const [input, w] = x as [Tensor, Tensor];
  const window = transposedWindow(node, w.shape.slice(2), input.shape.slice(2), y[0]!.shape.slice(2));
  // With output padding, dY is longer than the windows reach: they simply end before it does.
  const short = input.shape
    .slice(2)
    .some((length, i) => windowedLength(dy.shape[i + 2]!, window, i) < length);
  const source = short ? padToReach(dy, input.shape.slice(2), window) : dy;
  return [
    wants(0) ? cropTo(conv(source, w, null, window), input.shape) : null,
    wants(1) ? convWeightGradient(source, input, window) : null,
    wants(2) ? biasGradient(dy) : null,
  ];
};

/** The window of a ConvTranspose; its pads follow from the output's size when they are not written down. */
function transposedWindow(
  node: GraphNode,
  kernel: readonly number[],
  inputs: readonly number[],
  outputs: readonly number[],
): Window {
  const ones = kernel.map(() => 1);
  const strides = getInts(node, "strides", ones);
  const dilations = getInts(node, "dilations", ones);
  const group = getInt(node, "group", 1);
  const autoPad = getString(node, "auto_pad", "NOTSET");
  const written = getInts(
    node,
    "pads",
    [...ones, ...ones].map(() => 0),
  );
  if (autoPad === "NOTSET" && node.attributes.output_shape === undefined) {
    return { kernel, strides, dilations, pads: written, group };
  }
  const outputPadding = getInts(
    node,
    "output_padding",
    ones.map(() => 0),
  );
  const totals = outputs.map((length, i) => {
    const full = strides[i]! * (inputs[i]! - 1) + dilations[i]! * (kernel[i]! - 1) + 1 + outputPadding[i]!;
    // What is longer than the windows reach ends in zeros.
    return autoPad === "VALID" ? 0 : Math.max(0, full - length);
  });
  const half = totals.map((total) => Math.floor(total / 2));
  const rest = totals.map((total, i) => total - half[i]!);
  const pads = autoPad === "SAME_UPPER" ? [...half, ...rest] : [...rest, ...half];
  return { kernel, strides, dilations, pads, group };
}

function padToReach(dy: Tensor, lengths: readonly number[], window: Window): Tensor {
  const missing = lengths.map((length, i) => {
    const reach = window.dilations[i]! * (window.kernel[i]! - 1) + 1 + (length - 1) * window.strides[i]!;
    const pads = window.pads[i]! + window.pads[i + lengths.length]!;
    return Math.max(0, reach - pads - dy.shape[i + 2]!);
  });
  return pad(dy, [0, 0, ...missing.map(() => 0)], [0, 0, ...missing]);
}

function cropTo(x: Tensor, shape: readonly number[]): Tensor {
  return slice(
    x,
    shape.slice(2).map((end, i) => ({ axis: i + 2, start: 0, end })),
  );
}

/** Rules of convolutions. */
export const convolution: RuleTable = { Conv: convRule, ConvTranspose: convTransposeRule };
