/** Gradients of convolutions. */
import { getInt, getInts, getString } from "../../onnx/model.ts";
import { conv, type Window, windowedLength } from "../../tensor/convolution.ts";
import type { GraphNode, Tensor } from "../../tensor/graph.ts";
import { pad } from "../../tensor/movement.ts";
import { sum } from "../../tensor/reduction.ts";
import { range } from "../../tensor/shape.ts";
import { after } from "../order.ts";
import type { GradientRule, RuleTable } from "../rule.ts";
import { convInputGradient } from "./convolution-input.ts";
import { convWeightGradient } from "./convolution-weight.ts";
import { cropTo, nodeWindow } from "./window.ts";

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

/** Rules of convolutions. */
export const convolution: RuleTable = { Conv: convRule, ConvTranspose: convTransposeRule };
