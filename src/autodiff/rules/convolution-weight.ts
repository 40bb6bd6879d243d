/** The gradient of a convolution by its weight. */
import { float32 } from "../../onnx/tensor-data.ts";
import { conv, type Window } from "../../tensor/convolution.ts";
import type { Tensor } from "../../tensor/graph.ts";
import { matmul, matrixTranspose } from "../../tensor/linalg.ts";
import { concat, reshape, slice, transpose } from "../../tensor/movement.ts";
import { sum } from "../../tensor/reduction.ts";
import { range, sameShape } from "../../tensor/shape.ts";
import { padAfter } from "../order.ts";
import { cropTo } from "./window.ts";

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
