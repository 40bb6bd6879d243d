/**
 * Saying in which order parts of a backward pass run.
 *
 * A runtime is free to run a node as soon as its inputs are there, or as late as it likes. ONNX Runtime prepares what
 * the gradient of a weight needs of the forward pass during the forward pass, and comes to the gradients of weights
 * when the backward pass has gone through all layers. Both hold large arrays for long. Only an input that a node waits
 * for changes that.
 */
import { string } from "../onnx/model.ts";
import { float32, int64, type TensorData } from "../onnx/tensor-data.ts";
import { cast, where } from "../tensor/elementwise.ts";
import type { Tensor } from "../tensor/graph.ts";
import { reshape, slice } from "../tensor/movement.ts";

const always: TensorData = { dtype: "bool", dims: [], data: Uint8Array.of(1) };

/**
 * A tensor as it is, but not before another one is there. It is copied: this is for small ones.
 *
 * @param first any tensor of the same type that broadcasts to the shape of `x`
 * @param x the tensor
 */
export function after(first: Tensor, x: Tensor): Tensor {
  return where(x.graph.constant(always), x, first);
}

/**
 * Zeros around a tensor, put there when another tensor is there and not before.
 *
 * @param first any tensor of floats
 * @param x the tensor
 * @param before zeros before, one number an axis
 * @param behind zeros behind, one number an axis
 */
export function padAfter(
  first: Tensor,
  x: Tensor,
  before: readonly number[],
  behind: readonly number[],
): Tensor {
  const corner = slice(
    first,
    first.shape.map((_, axis) => ({ axis, start: 0, end: 1 })),
  );
  const pads = after(cast(reshape(corner, []), "int64"), x.graph.constant(int64([...before, ...behind])));
  const shape = x.shape.map((dim, i) => dim + before[i]! + behind[i]!);
  const fill = x.graph.constant(float32([0], []));
  return x.graph.emit("Pad", [x, pads, fill], [{ shape, dtype: x.dtype }], { mode: string("constant") })[0]!;
}
