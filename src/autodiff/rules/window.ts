/** The windows of convolutions and pools. */
import { getInt, getInts, getString } from "../../onnx/model.ts";
import type { Window } from "../../tensor/convolution.ts";
import type { GraphNode, Tensor } from "../../tensor/graph.ts";
import { slice } from "../../tensor/movement.ts";

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

/** The beginning of each spatial axis, as long as in a shape. */
export function cropTo(x: Tensor, shape: readonly number[]): Tensor {
  return slice(
    x,
    shape.slice(2).map((end, i) => ({ axis: i + 2, start: 0, end })),
  );
}
