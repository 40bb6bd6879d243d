/** Losses of regression. */
import { abs, square, sub } from "../tensor/elementwise.ts";
import type { Tensor } from "../tensor/graph.ts";
import { mean } from "../tensor/reduction.ts";

/** Losses that can be trained with. */
export const lossKinds = ["l1", "l2"] as const;
/** One of them. */
export type LossKind = (typeof lossKinds)[number];

/**
 * The mean over images and components of |f(x) - y| (l1) or (f(x) - y)^2 (l2).
 *
 * @param outputs f(x), [N, d]
 * @param labels y, [N, d]
 * @returns a scalar
 */
export function regressionLoss(kind: LossKind, outputs: Tensor, labels: Tensor): Tensor {
  const difference = sub(outputs, labels);
  return mean(kind === "l1" ? abs(difference) : square(difference));
}
