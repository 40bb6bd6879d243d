/** Convolutions and pooling. */
import { type Attributes, int, ints } from "../onnx/model.ts";
import type { Tensor } from "./graph.ts";

/** How a kernel moves over the spatial axes. `pads` has the beginnings, then the ends, as in ONNX. */
export interface WindowOptions {
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  readonly pads?: readonly number[];
  readonly group?: number;
}

/** A convolution with every option given. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly group: number;
}

/** Fills in the defaults of a window. */
export function windowOf(kernel: readonly number[], options: WindowOptions = {}): Window {
  const ones = kernel.map(() => 1);
  return {
    kernel,
    strides: options.strides ?? ones,
    dilations: options.dilations ?? ones,
    pads: options.pads ?? [...kernel, ...kernel].map(() => 0),
    group: options.group ?? 1,
  };
}

/** The attributes of a window as ONNX writes them. */
export function windowAttributes(window: Window): Attributes {
  return {
    kernel_shape: ints(window.kernel),
    strides: ints(window.strides),
    dilations: ints(window.dilations),
    pads: ints(window.pads),
    group: int(window.group),
  };
}

/** The length of an axis after a window has passed over it. */
export function windowedLength(length: number, window: Window, axis: number, ceil = false): number {
  const { kernel, strides, dilations, pads } = window;
  const reach = dilations[axis]! * (kernel[axis]! - 1) + 1;
  const steps = (length + pads[axis]! + pads[axis + kernel.length]! - reach) / strides[axis]!;
  return (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
}

/**
 * Cross-correlation over any number of spatial axes.
 *
 * @param x [N, C, ...]
 * @param w [M, C / group, ...kernel]
 * @param bias [M], or null
 * @returns [N, M, ...]
 */
export function conv(x: Tensor, w: Tensor, bias: Tensor | null = null, options: WindowOptions = {}): Tensor {
  const window = windowOf(w.shape.slice(2), options);
  const spatial = x.shape.slice(2).map((length, axis) => windowedLength(length, window, axis));
  const inputs = bias === null ? [x, w] : [x, w, bias];
  const shape = [x.shape[0]!, w.shape[0]!, ...spatial];
  return x.graph.emit("Conv", inputs, [{ shape, dtype: x.dtype }], windowAttributes(window))[0]!;
}

/**
 * The transpose of a convolution, with the output's spatial size given, so that nothing is left to guess.
 *
 * @param y [N, M, ...]
 * @param w [M, C / group, ...kernel], the weight of the convolution
 * @param spatial the size of the spatial axes of the result
 * @returns [N, C, ...spatial]
 */
export function convTranspose(
  y: Tensor,
  w: Tensor,
  spatial: readonly number[],
  options: WindowOptions = {},
): Tensor {
  const window = windowOf(w.shape.slice(2), options);
  const outputPadding = spatial.map((length, axis) => {
    const { strides, dilations, kernel, pads } = window;
    const least = strides[axis]! * (y.shape[axis + 2]! - 1) + dilations[axis]! * (kernel[axis]! - 1) + 1;
    return length - (least - pads[axis]! - pads[axis + kernel.length]!);
  });
  const shape = [y.shape[0]!, w.shape[1]! * window.group, ...spatial];
  const attributes = { ...windowAttributes(window), output_padding: ints(outputPadding) };
  return y.graph.emit("ConvTranspose", [y, w], [{ shape, dtype: y.dtype }], attributes)[0]!;
}

/**
 * The largest element under a window.
 *
 * @param x [N, C, ...]
 */
export function maxPool(x: Tensor, kernel: readonly number[], options: WindowOptions = {}): Tensor {
  const window = windowOf(kernel, { strides: kernel, ...options });
  const spatial = x.shape.slice(2).map((length, axis) => windowedLength(length, window, axis));
  const { group: _, ...attributes } = windowAttributes(window);
  const shape = [x.shape[0]!, x.shape[1]!, ...spatial];
  return x.graph.emit("MaxPool", [x], [{ shape, dtype: x.dtype }], attributes)[0]!;
}
