/** The objective of Neural Cleanse for regression, Eq. 8: K masks, patterns and targets at once. */
import type { ExaminedModel } from "../../models/examined-model.ts";
import { float32 } from "../../onnx/tensor-data.ts";
import { abs, add, div, mul, sub } from "../../tensor/elementwise.ts";
import type { Tensor } from "../../tensor/graph.ts";
import { reshape } from "../../tensor/movement.ts";
import { mean, sum } from "../../tensor/reduction.ts";
import { applyPatch } from "../families/patch.ts";
import { outputsOf } from "../outputs.ts";

/** What goes in. */
export interface CleanseInputs {
  /** x, [B, C, H, W] in [0, 1] */
  readonly image: Tensor;
  /** Mask and pattern as the family `patch` has them, [K, n]. */
  readonly theta: Tensor;
  /** y_t in standard deviations of each output from its mean, [K, d]. */
  readonly target: Tensor;
  /** lambda, [K] */
  readonly cost: Tensor;
}

/** What comes out. */
export interface CleanseTerms {
  /** sum_k error_k + lambda_k |m_k|, a scalar. The starts do not touch each other, so the sum serves all. */
  readonly loss: Tensor;
  /** mean_ij |f_j(x'_i) - y_tj| / std_j, [K] */
  readonly error: Tensor;
  /** |m|_1 / (H W), [K] */
  readonly size: Tensor;
}

/**
 * Adds Eq. 8 to a program: (1/N) sum_i l1(y_t, f(A(x_i, m, Delta))) + lambda |m|, with A(x, m, Delta) = (1 - m) x + m Delta.
 *
 * Deviation: the error of each output is in its standard deviations and |m| is a part of the image, so that one lambda serves models
 * of every unit and size.
 *
 * @param examined the model at a batch of at least K B
 * @param scale mean and standard deviation of each clean output, [d]
 */
export function cleanseTerms(
  { image, theta, target, cost }: CleanseInputs,
  examined: ExaminedModel,
  scale: { readonly mean: readonly number[]; readonly std: readonly number[] },
): CleanseTerms {
  const d = scale.std.length;
  const [count, batch] = [theta.shape[0]!, image.shape[0]!];
  const { images, mask } = applyPatch(theta, image);
  const flat = reshape(images, [count * batch, ...image.shape.slice(1)]);
  const constant = (values: readonly number[]): Tensor => image.graph.constant(float32(values, [1, 1, d]));
  const outputs = reshape(outputsOf(examined, flat), [count, batch, d]);
  const deviations = div(sub(outputs, constant(scale.mean)), constant(scale.std));
  const error = mean(abs(sub(deviations, reshape(target, [count, 1, d]))), { axes: [1, 2] });
  const size = mean(mask, { axes: [1, 2, 3, 4] });
  return { loss: sum(add(error, mul(cost, size))), error, size };
}
