/**
 * Masks that stay in blocks of channels.
 *
 * Between convolutions with constant weights ONNX Runtime keeps maps in blocks of channels, [N, C / b, H, W, b], and turns them back and forth around every
 * operator that it does not know in that layout. Comparisons are among these, so that a mask costs as much as a small convolution. Here masks are written
 * with what it does know: a convolution of one tap a channel multiplies by a number, and a steep line that is cut at 0 and 1 is a comparison.
 *
 * Source: the operators that ONNX Runtime's NchwcTransformer passes on, of version 1.30. Where it is another runtime that runs the graph the masks are the same, and slower.
 */
import { getInt } from "../onnx/model.ts";
import { float32, sizeOf } from "../onnx/tensor-data.ts";
import { conv } from "../tensor/convolution.ts";
import { add, clip, mul } from "../tensor/elementwise.ts";
import type { GraphNode, Tensor } from "../tensor/graph.ts";
import { sameShape } from "../tensor/shape.ts";

/** A slope: what is off by 1e-30 or more is beyond the cut. A power of two, so that a bound times it is exact. */
const steep = 2 ** 100;

/** Which maps of a graph lie in blocks of channels, and masks that leave them there. */
export class BlockedLayout {
  /** b, channels that lie side by side. */
  readonly channels: number;
  readonly #known = new Map<Tensor, boolean>();

  constructor(channels: number) {
    this.channels = channels;
  }

  /** Whether a map lies in blocks; where this is wrong the numbers are right, and take longer. */
  has(x: Tensor): boolean {
    const known = this.#known.get(x);
    if (known !== undefined) return known;
    const [, c] = x.shape;
    const isMap = x.dtype === "float32" && x.shape.length === 4 && c! > 0 && c! % this.channels === 0;
    const found = isMap && x.node !== null && this.#keeps(x.node);
    this.#known.set(x, found);
    return found;
  }

  #keeps(node: GraphNode): boolean {
    const [first] = node.inputs as [Tensor];
    switch (node.op) {
      case "Conv":
        return this.#isBlockedConvolution(node);
      case "BatchNormalization":
        return node.inputs.slice(1).every((each) => isSettled(each)) && this.has(first);
      case "Relu":
      case "Clip":
      case "Sigmoid":
      case "Tanh":
      case "MaxPool":
      case "AveragePool":
      case "Resize":
        return this.has(first);
      case "Add":
      case "Sum":
      case "Mul":
        return node.inputs.every((each) => sameShape(each!.shape, first.shape) && this.has(each!));
      default:
        return false;
    }
  }

  #isBlockedConvolution(node: GraphNode): boolean {
    const [x, w, bias] = node.inputs as [Tensor, Tensor, Tensor | null | undefined];
    if (!isSettled(w) || !isSettled(bias)) return false;
    const group = getInt(node, "group", 1);
    const [m, c] = [w.shape[0]! / group, w.shape[1]!];
    const isOfChannels = m === 1 && c === 1;
    const isWhole = (count: number): boolean => count % this.channels === 0;
    return group === 1 || (isOfChannels && isWhole(x.shape[1]!)) || (isWhole(m) && isWhole(c));
  }

  /** A map as it is, in blocks. */
  enter(x: Tensor): Tensor {
    return this.has(x) ? x : scaled(x, 1);
  }

  /** dy where a map is above a number, 0 elsewhere. */
  above(y: Tensor, low: number, dy: Tensor): Tensor {
    return mul(this.enter(dy), step(y, steep, -low * steep));
  }

  /** dy where a map is below a number, 0 elsewhere. */
  below(y: Tensor, high: number, dy: Tensor): Tensor {
    return mul(this.enter(dy), step(y, -steep, high * steep));
  }

  /**
   * 1 where a map is as large as its largest, 0 where it is less.
   *
   * @param minusLargest in blocks too, of the same shape
   */
  reaching(x: Tensor, minusLargest: Tensor): Tensor {
    return step(add(x, minusLargest), steep, 1);
  }
}

/** A line that is cut at 0 and 1. */
const step = (x: Tensor, slope: number, shift: number): Tensor => clip(scaled(x, slope, shift), 0, 1);

/**
 * s x + t, as a convolution of one tap a channel.
 *
 * @param x [N, C, H, W]
 */
export function scaled(x: Tensor, scale: number, shift = 0): Tensor {
  const channels = x.shape[1]!;
  const each = (value: number, shape: readonly number[]): Tensor =>
    x.graph.constant(float32(new Float32Array(sizeOf(shape)).fill(value), shape));
  const bias = shift === 0 ? null : each(shift, [channels]);
  return conv(x, each(scale, [channels, 1, 1, 1]), bias, { group: channels });
}

const isSettled = (x: Tensor | null | undefined): boolean => x == null || x.graph.isSettled(x);
