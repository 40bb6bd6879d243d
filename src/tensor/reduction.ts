/** Sums, means and variances over axes. */
import { int } from "../onnx/model.ts";
import { int64 } from "../onnx/tensor-data.ts";
import { mul, square, sub } from "./elementwise.ts";
import type { Tensor } from "./graph.ts";
import { reshape } from "./movement.ts";
import { normalizeAxes, range, sameShape } from "./shape.ts";

/** Which axes (all unless given), and whether they stay with size 1 (no unless asked). */
export interface ReduceOptions {
  readonly axes?: readonly number[];
  readonly keepDims?: boolean;
}

/** Emits one of ONNX's reductions. */
export function reduce(op: string, x: Tensor, { axes, keepDims = false }: ReduceOptions = {}): Tensor {
  const over = axes === undefined ? range(x.shape.length) : normalizeAxes(axes, x.shape.length);
  if (over.length === 0) return x;
  const shape = x.shape.flatMap((dim, i) => (over.includes(i) ? (keepDims ? [1] : []) : [dim]));
  return x.graph.emit(op, [x, x.graph.constant(int64(over))], [{ shape, dtype: x.dtype }], {
    keepdims: int(keepDims ? 1 : 0),
  })[0]!;
}

/** The sum over axes */
export const sum = (x: Tensor, options?: ReduceOptions): Tensor => reduce("ReduceSum", x, options);
/** The mean over axes */
export const mean = (x: Tensor, options?: ReduceOptions): Tensor => reduce("ReduceMean", x, options);
/** The largest element over axes */
export const max = (x: Tensor, options?: ReduceOptions): Tensor => reduce("ReduceMax", x, options);
/** The smallest element over axes */
export const min = (x: Tensor, options?: ReduceOptions): Tensor => reduce("ReduceMin", x, options);
/** The sum of absolute values over axes */
export const l1Norm = (x: Tensor, options?: ReduceOptions): Tensor => reduce("ReduceL1", x, options);
/** The Euclidean norm over axes */
export const l2Norm = (x: Tensor, options?: ReduceOptions): Tensor => reduce("ReduceL2", x, options);

/** The population variance over axes (divides by n): Var of Eq. 3 to 5. */
export function variance(x: Tensor, options: ReduceOptions = {}): Tensor {
  const centered = sub(x, mean(x, { ...options, keepDims: true }));
  return mean(square(centered), options);
}

/** The sum over the axes along which a smaller shape had been broadcast: broadcasting's transpose. */
export function sumTo(x: Tensor, shape: readonly number[]): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const extra = x.shape.length - shape.length;
  const axes = range(x.shape.length).filter((i) => i < extra || (shape[i - extra] === 1 && x.shape[i] !== 1));
  return reshape(sum(x, { axes, keepDims: true }), shape);
}

/** The mean of squares */
export const meanSquare = (x: Tensor, options?: ReduceOptions): Tensor => mean(mul(x, x), options);

/** e^x over its sum, along the last axis. */
export const softmax = (x: Tensor): Tensor =>
  x.graph.emit("Softmax", [x], [{ shape: x.shape, dtype: x.dtype }], { axis: int(-1) })[0]!;

/** The natural logarithm of {@link softmax}, finite where that is next to 0. */
export const logSoftmax = (x: Tensor): Tensor =>
  x.graph.emit("LogSoftmax", [x], [{ shape: x.shape, dtype: x.dtype }], { axis: int(-1) })[0]!;
