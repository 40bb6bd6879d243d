/** Pools whose rounding up makes no difference. */
import { type Attributes, getInt, getInts, int, type OnnxNode } from "../onnx/model.ts";

const pools: ReadonlySet<string> = new Set(["AveragePool", "LpPool", "MaxPool"]);

/**
 * The attributes of a node, with `ceil_mode` off where the pool has no more windows than without it.
 *
 * A window that would begin in the padding at the end is left out when a pool runs, but ONNX's shape inference counts
 * it. A program with fixed shapes would be refused, or fail at the buffers it planned; without `ceil_mode` both agree.
 *
 * @param node any node
 * @param input the shape of its first input
 * @param output the shape of its first output when it runs
 */
export function settledAttributes(
  node: Pick<OnnxNode, "op" | "attributes">,
  input: readonly number[],
  output: readonly number[],
): Attributes {
  if (!pools.has(node.op) || getInt(node, "ceil_mode", 0) === 0) return node.attributes;
  const kernel = getInts(node, "kernel_shape", []);
  const ones = kernel.map(() => 1);
  const strides = getInts(node, "strides", ones);
  const dilations = getInts(node, "dilations", ones);
  const pads = getInts(
    node,
    "pads",
    [...ones, ...ones].map(() => 0),
  );
  const isRoundedDown = kernel.every((k, i) => {
    const room = input[i + 2]! + pads[i]! + pads[i + kernel.length]! - dilations[i]! * (k - 1) - 1;
    return output[i + 2] === Math.floor(room / strides[i]!) + 1;
  });
  return isRoundedDown ? { ...node.attributes, ceil_mode: int(0) } : node.attributes;
}
