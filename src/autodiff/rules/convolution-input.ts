/** The gradient of a convolution by what it goes over. */
import { int, string } from "../../onnx/model.ts";
import { conv, convTranspose, type Window, type WindowOptions } from "../../tensor/convolution.ts";
import type { Tensor } from "../../tensor/graph.ts";
import { concat, flip, pad, reshape, slice, transpose } from "../../tensor/movement.ts";
import { range } from "../../tensor/shape.ts";
import { cropTo } from "./window.ts";

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
  return cropTo(sideBySide(made, [n, c, ...counts.map((q, i) => q * sides[i]!)], sides), [n, c, ...lengths]);
}

/**
 * Phases side by side.
 *
 * @param made [N, C P^rank, ...lengths over P], the channels of one of X next to each other
 * @param shape [N, C, ...lengths]
 */
function sideBySide(made: Tensor, shape: readonly number[], sides: readonly number[]): Tensor {
  const [n, c] = shape as [number, number];
  const isSquare = sides.length === 2 && sides[0] === sides[1];
  if (isSquare) {
    const attributes = { blocksize: int(sides[0]!), mode: string("CRD") };
    return made.graph.emit("DepthToSpace", [made], [{ shape }], attributes)[0]!;
  }
  const split = reshape(made, [n, c, ...sides, ...made.shape.slice(2)]);
  const order = sides.flatMap((_, i) => [2 + sides.length + i, 2 + i]);
  return reshape(transpose(split, [0, 1, ...order]), shape);
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
