/** What a training minimises: losses of regression, and of classification. */
import { abs, mul, neg, square, sub } from "../tensor/elementwise.ts";
import type { Tensor } from "../tensor/graph.ts";
import { logSoftmax, mean, sum } from "../tensor/reduction.ts";

/** Losses of regression. */
export const regressionLossKinds = ["l1", "l2"] as const;
/** One of them. */
export type RegressionLossKind = (typeof regressionLossKinds)[number];

/** Losses that can be trained with; cross-entropy makes a classifier. */
export const lossKinds = [...regressionLossKinds, "cross-entropy"] as const;
/** One of them. */
export type LossKind = (typeof lossKinds)[number];

/**
 * The mean over images and components of |f(x) - y| (l1) or (f(x) - y)^2 (l2).
 *
 * @param outputs f(x), [N, d]
 * @param labels y, [N, d]
 * @returns a scalar
 */
export function regressionLoss(kind: RegressionLossKind, outputs: Tensor, labels: Tensor): Tensor {
  const difference = sub(outputs, labels);
  return mean(kind === "l1" ? abs(difference) : square(difference));
}

/**
 * The mean over images of -sum_j y_j log S_j(f(x)), S the softmax.
 *
 * @param outputs f(x), logits, [N, K]
 * @param labels y, a 1 at the class of each image, [N, K]
 * @returns a scalar
 */
export function crossEntropy(outputs: Tensor, labels: Tensor): Tensor {
  return neg(mean(sum(mul(labels, logSoftmax(outputs)), { axes: [1] })));
}

/** The loss of a kind; shapes as {@link regressionLoss} and {@link crossEntropy} have them. */
export function trainingLoss(kind: LossKind, outputs: Tensor, labels: Tensor): Tensor {
  return kind === "cross-entropy" ? crossEntropy(outputs, labels) : regressionLoss(kind, outputs, labels);
}
