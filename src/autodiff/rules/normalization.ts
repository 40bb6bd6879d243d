/** Gradients of normalisations and softmax. */
import { DrmGuardError } from "../../errors.ts";
import { getFloat, getInt } from "../../onnx/model.ts";
import { add, div, equal, exp, mul, reciprocal, sign, sqrt, sub, where } from "../../tensor/elementwise.ts";
import { elements, type Tensor } from "../../tensor/graph.ts";
import { reshape } from "../../tensor/movement.ts";
import { mean, sum, sumTo, variance } from "../../tensor/reduction.ts";
import { normalizeAxis, range } from "../../tensor/shape.ts";
import type { GradientRule, RuleTable } from "../rule.ts";

/** [C] as [1, C, 1, ...] for a tensor of the given rank. */
function perChannel(parameter: Tensor, rank: number): Tensor {
  return reshape(parameter, [1, parameter.shape[0]!, ...range(rank - 2).map(() => 1)]);
}

const allButChannel = (x: Tensor): number[] => range(x.shape.length).filter((axis) => axis !== 1);

/**
 * Training: y = gamma x^ + beta with x^ = (x - mu) / sqrt(var + eps), mu and var of the batch.
 *
 * dx = gamma / sigma (dy - mean(dy) - x^ mean(dy x^)), written as a dy + b x + c with one number a channel for each,
 * so that only two sums and one pass go over the images. The node must give mu and var as its outputs 1 and 2,
 * which it does when its momentum is 0.
 */
const batchNormalizationInTraining: GradientRule = ({ node, x, y, dy, wants }) => {
  const [input, gamma] = x as [Tensor, Tensor];
  const [, mu, variance_] = y as [Tensor, Tensor, Tensor];
  const rank = input.shape.length;
  const axes = allButChannel(input);
  const count = elements(input) / input.shape[1]!;
  const inverse = reciprocal(sqrt(add(variance_, getFloat(node, "epsilon", 1e-5))));
  const total = sum(dy, { axes });
  const alongX = sum(mul(dy, input), { axes });
  const dGamma = mul(sub(alongX, mul(mu, total)), inverse);
  const a = mul(gamma, inverse);
  const b = mul(mul(a, mul(inverse, dGamma)), -1 / count);
  const c = sub(mul(mul(a, total), -1 / count), mul(b, mu));
  const dx = (): Tensor =>
    add(add(mul(dy, perChannel(a, rank)), mul(input, perChannel(b, rank))), perChannel(c, rank));
  // With momentum 0 the running statistics that come in do not matter.
  return [wants(0) ? dx() : null, wants(1) ? dGamma : null, wants(2) ? total : null, null, null];
};

/** Inference: y = (x - mean) gamma / sqrt(var + eps) + beta, all four constant over the batch. */
const batchNormalization: GradientRule = (context) => {
  if (getInt(context.node, "training_mode", 0) !== 0) return batchNormalizationInTraining(context);
  const { node, x, dy, wants } = context;
  const [input, gamma, , mu, variance_] = x as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const rank = input.shape.length;
  const inverse = reciprocal(sqrt(add(variance_, getFloat(node, "epsilon", 1e-5))));
  const axes = allButChannel(input);
  const total = wants(2) || wants(3) ? sum(dy, { axes }) : null;
  const normalized = (): Tensor => mul(sub(input, perChannel(mu, rank)), perChannel(inverse, rank));
  const dGamma = wants(1) || wants(4) ? sum(mul(dy, normalized()), { axes }) : null;
  return [
    wants(0) ? mul(dy, perChannel(mul(gamma, inverse), rank)) : null,
    wants(1) ? dGamma : null,
    wants(2) ? total : null,
    wants(3) ? mul(total!, mul(mul(gamma, inverse), -1)) : null,
    wants(4) ? mul(dGamma!, mul(mul(gamma, mul(inverse, inverse)), -0.5)) : null,
  ];
};

/**
 * The gradient through x^ = (x - mean) / sqrt(var + eps), mean and var over the given axes:
 * dx = (g - mean(g) - x^ mean(g x^)) / sqrt(var + eps).
 */
function throughStandardizing(
  g: Tensor,
  normalized: Tensor,
  inverse: Tensor,
  axes: readonly number[],
): Tensor {
  const over = { axes, keepDims: true };
  const centered = sub(g, mean(g, over));
  return mul(sub(centered, mul(normalized, mean(mul(g, normalized), over))), inverse);
}

function standardize(
  x: Tensor,
  axes: readonly number[],
  epsilon: number,
): { normalized: Tensor; inverse: Tensor } {
  const over = { axes, keepDims: true };
  const inverse = reciprocal(sqrt(add(variance(x, over), epsilon)));
  return { normalized: mul(sub(x, mean(x, over)), inverse), inverse };
}

const instanceNormalization: GradientRule = ({ node, x, dy, wants }) => {
  const [input, scale] = x as [Tensor, Tensor, Tensor];
  const axes = range(input.shape.length).slice(2);
  const { normalized, inverse } = standardize(input, axes, getFloat(node, "epsilon", 1e-5));
  const scaled = mul(dy, perChannel(scale, input.shape.length));
  return [
    wants(0) ? throughStandardizing(scaled, normalized, inverse, axes) : null,
    wants(1) ? sum(mul(dy, normalized), { axes: allButChannel(input) }) : null,
    wants(2) ? sum(dy, { axes: allButChannel(input) }) : null,
  ];
};

const layerNormalization: GradientRule = ({ node, x, dy, dys, wants }) => {
  if (dys.some((each, i) => i > 0 && each !== null)) {
    throw new DrmGuardError(
      "E_NO_GRADIENT",
      `no gradient rule for the statistics of ${node.op} (${node.name})`,
    );
  }
  const [input, scale, bias] = x as [Tensor, Tensor, Tensor | null | undefined];
  const first = normalizeAxis(getInt(node, "axis", -1), input.shape.length);
  const axes = range(input.shape.length).slice(first);
  const { normalized, inverse } = standardize(input, axes, getFloat(node, "epsilon", 1e-5));
  return [
    wants(0) ? throughStandardizing(mul(dy, scale), normalized, inverse, axes) : null,
    wants(1) ? sumTo(mul(dy, normalized), scale.shape) : null,
    bias && wants(2) ? sumTo(dy, bias.shape) : null,
  ];
};

const softmax: GradientRule = ({ node, y, dy }) => {
  const axes = [normalizeAxis(getInt(node, "axis", -1), dy.shape.length)];
  const weighted = mul(dy, y[0]!);
  return [sub(weighted, mul(y[0]!, sum(weighted, { axes, keepDims: true })))];
};

const logSoftmax: GradientRule = ({ node, y, dy }) => {
  const axes = [normalizeAxis(getInt(node, "axis", -1), dy.shape.length)];
  return [sub(dy, mul(exp(y[0]!), sum(dy, { axes, keepDims: true })))];
};

/** y = x / ||x||_p along an axis. */
const lpNormalization: GradientRule = ({ node, x, y, dy }) => {
  const input = x[0]!;
  const axes = [normalizeAxis(getInt(node, "axis", -1), input.shape.length)];
  const over = { axes, keepDims: true };
  const p = getInt(node, "p", 2);
  const norm = p === 1 ? sum(mul(input, sign(input)), over) : sqrt(sum(mul(input, input), over));
  const isZero = equal(norm, 0);
  const safe = where(isZero, 1, norm);
  const along = sum(mul(dy, y[0]!), over);
  const direction = p === 1 ? sign(input) : y[0]!;
  return [where(isZero, 0, div(sub(dy, mul(direction, along)), safe))];
};

/**
 * Local response normalisation over channels: y_c = x_c s_c^-beta with s_c = bias + alpha / size sum_window x^2.
 * dx_c = dy_c s_c^-beta - (2 alpha beta / size) x_c sum_{k: c in window of k} dy_k x_k s_k^(-beta-1).
 */
const localResponse: GradientRule = ({ node, x, dy }) => {
  const input = x[0]!;
  const size = getInt(node, "size", 1);
  const alpha = getFloat(node, "alpha", 1e-4);
  const beta = getFloat(node, "beta", 0.75);
  const before = Math.floor((size - 1) / 2);
  const after = size - 1 - before;
  const s = add(
    mul(channelWindowSum(mul(input, input), before, after), alpha / size),
    getFloat(node, "bias", 1),
  );
  const power = exponent(s, -beta);
  const inner = div(mul(mul(dy, input), power), s);
  const spread = channelWindowSum(inner, after, before);
  return [sub(mul(dy, power), mul(mul(input, spread), (2 * alpha * beta) / size))];
};

function exponent(x: Tensor, power: number): Tensor {
  const exponentTensor = x.graph.constant({ dtype: "float32", dims: [], data: Float32Array.of(power) });
  return x.graph.emit("Pow", [x, exponentTensor], [{ shape: x.shape }])[0]!;
}

/** The sum over channels c - before to c + after: a product with a band matrix. */
function channelWindowSum(x: Tensor, before: number, after: number): Tensor {
  const channels = x.shape[1]!;
  const band = new Float32Array(channels * channels);
  for (let row = 0; row < channels; row++) {
    for (let column = Math.max(0, row - before); column <= Math.min(channels - 1, row + after); column++) {
      band[row * channels + column] = 1;
    }
  }
  const matrix = x.graph.constant({ dtype: "float32", dims: [channels, channels], data: band }, "band");
  const flat = reshape(x, [x.shape[0]!, channels, x.shape.slice(2).reduce((a, b) => a * b, 1)]);
  return reshape(x.graph.emit("MatMul", [matrix, flat], [{ shape: flat.shape }])[0]!, x.shape);
}

/** Rules of normalisations. */
export const normalization: RuleTable = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  Softmax: softmax,
  LogSoftmax: logSoftmax,
  LpNormalization: lpNormalization,
  LRN: localResponse,
};
