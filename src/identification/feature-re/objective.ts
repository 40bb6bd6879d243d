/** The objective of FeatureRE for regression, Eq. 9, with its constraints as penalties. */
import { applyHead } from "../../models/apply-head.ts";
import { applyModel, type ExaminedModel } from "../../models/examined-model.ts";
import { float32 } from "../../onnx/tensor-data.ts";
import { abs, add, addAll, div, mul, relu, sqrt, sub, tanh } from "../../tensor/elementwise.ts";
import type { Tensor } from "../../tensor/graph.ts";
import { reshape } from "../../tensor/movement.ts";
import { mean, sum, variance } from "../../tensor/reduction.ts";
import type { FeatureReOptions } from "./options.ts";

/** What goes in. */
export interface FeatureInputs {
  /** x, [N, C, H, W] */
  readonly clean: Tensor;
  /** G(x), [N, C, H, W] */
  readonly generated: Tensor;
  /** M, [m], where the mask is m = tanh(M) / 2 + 0.5. */
  readonly mask: Tensor;
  /** y_t in standard deviations of each output from its mean, [d]. */
  readonly target: Tensor;
}

/** What is known of clean images. */
export interface CleanScale {
  /** Mean and standard deviation of each output, [d]. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** The standard deviation of each feature, [m]. */
  readonly featureStd: readonly number[];
  /** ||x_hat||_1, the largest of the images' norms. */
  readonly largestNorm: number;
}

/** What comes out; scalars. */
export interface FeatureTerms {
  /** mean_ij |H((1 - m) a_i + m t)_j - y_tj| / std_j */
  readonly error: Tensor;
  /** (1/N) sum_i ||G(x_i) - x_i||_1 / ||x_hat||_1 */
  readonly perturbation: Tensor;
  /** sum_k std(m_k F_k(G(x))) / sum_k m_k std(F_k(x)) */
  readonly spread: Tensor;
  /** |m|_1 over the number of features. */
  readonly maskShare: Tensor;
}

/** Keeps slopes and quotients finite where a feature is the same for all images. */
const smallest = 1e-12;

/** m = tanh(M) / 2 + 0.5, as the publication has it. */
export function maskOf(logits: Tensor): Tensor {
  return add(mul(tanh(logits), 0.5), 0.5);
}

/**
 * (1 - m) a + m t of Eq. 9, [N, m].
 *
 * Reading: as it is printed, with m in t = mean(m F(G(x))) and in front of t once more. Where m is 0 or 1 it makes no difference.
 *
 * @param features a = F(x), [N, m]
 * @param mask m, [m]
 * @param replacement t, [m]
 */
export function mixedFeatures(features: Tensor, mask: Tensor, replacement: Tensor): Tensor {
  return add(mul(sub(1, mask), features), mul(mask, replacement));
}

/**
 * Adds the terms of Eq. 9 to a program.
 *
 * Reading: tau_1 bounds what masked features spread by as a part of what the same ones spread on clean images, since features of
 * different models have different sizes.
 *
 * Throws E_MODEL_OUTPUT when the outputs do not depend on one feature vector alone, see {@link applyHead}.
 */
export function featureTerms(
  { clean, generated, mask: logits, target }: FeatureInputs,
  examined: ExaminedModel,
  scale: CleanScale,
): FeatureTerms {
  const { graph } = clean;
  const row = (values: readonly number[]): Tensor => graph.constant(float32(values, [values.length]));
  const mask = maskOf(logits);
  const features = applyModel(examined, clean).features[0]!;
  const reversed = mul(mask, applyModel(examined, generated).features[0]!);
  const mixed = mixedFeatures(features, mask, mean(reversed, { axes: [0] }));
  const outputs = div(sub(applyHead(examined, mixed), row(scale.mean)), row(scale.std));
  const std = sqrt(add(variance(reversed, { axes: [0] }), smallest));
  const cleanStd = add(sum(mul(mask, row(scale.featureStd))), Math.sqrt(smallest));
  return {
    error: mean(abs(sub(outputs, reshape(target, [1, scale.std.length])))),
    perturbation: div(mean(sum(abs(sub(generated, clean)), { axes: [1, 2, 3] })), scale.largestNorm),
    spread: div(sum(std), cleanStd),
    maskShare: mean(mask),
  };
}

/**
 * Eq. 9 as a loss: error + lambda_3 perturbation + w_1 max(0, spread - tau_1) + w_2 m max(0, mask share - tau_2).
 *
 * Deviation: the publication's terms for classes (the cosine with a class's features, the accuracy) have no counterpart and are left
 * out, as in Eq. 9; so is its weight that grows with the last epoch's violation.
 *
 * @param featureCount m
 */
export function objective(
  { error, perturbation, spread, maskShare }: FeatureTerms,
  options: FeatureReOptions,
  featureCount: number,
): Tensor {
  const { lambda3, spreadLimit, spreadWeight, maskLimit, maskWeight } = options;
  return addAll([
    error,
    mul(perturbation, lambda3),
    mul(relu(sub(spread, spreadLimit)), spreadWeight),
    mul(relu(sub(maskShare, maskLimit)), maskWeight * featureCount),
  ]);
}
