/** Batch norm in the two forms that a network under training needs. */
import { float, int } from "../onnx/model.ts";
import { add, mul, sub } from "../tensor/elementwise.ts";
import type { Tensor } from "../tensor/graph.ts";

/** The number that is added to variances: what PyTorch does by default; the networks and G have the same. */
export const batchNormEpsilon = 1e-5;

/** Scale and shift of a batch norm, [C] each. */
export interface Affine {
  readonly gamma: Tensor;
  readonly beta: Tensor;
}

/**
 * Inference: y = gamma (x - mean) / sqrt(variance + epsilon) + beta.
 *
 * @param x [N, C, ...]
 * @param mean [C]
 * @param variance [C]
 */
export function normalizeByStatistics(
  x: Tensor,
  { gamma, beta }: Affine,
  mean: Tensor,
  variance: Tensor,
): Tensor {
  return x.graph.emit("BatchNormalization", [x, gamma, beta, mean, variance], [{ shape: x.shape }], {
    epsilon: float(batchNormEpsilon),
  })[0]!;
}

/** What batch norm in training gives. */
export interface NormalizedByBatch {
  /** As the input. */
  readonly y: Tensor;
  /** Of this batch, [C]. */
  readonly mean: Tensor;
  /** Of this batch, [C]; the population variance, which divides by N. */
  readonly variance: Tensor;
}

/**
 * Training: the same with the mean and variance of the batch itself, which come out too.
 *
 * @param x [N, C, ...]
 */
export function normalizeByBatch(x: Tensor, { gamma, beta }: Affine): NormalizedByBatch {
  // ONNX Runtime lets the running statistics that come out share memory with those that go in, so two nodes that
  // shared a constant would overwrite each other's. What is made from this layer's own gamma is shared by no other.
  const zero = mul(gamma, 0);
  const one = add(zero, 1);
  const channels = gamma.shape;
  // With momentum 0 the "running" statistics that come out are those of the batch.
  const [y, mean, variance] = x.graph.emit(
    "BatchNormalization",
    [x, gamma, beta, zero, one],
    [{ shape: x.shape }, { shape: channels }, { shape: channels }],
    { epsilon: float(batchNormEpsilon), training_mode: int(1), momentum: float(0) },
  ) as [Tensor, Tensor, Tensor];
  return { y, mean, variance };
}

/**
 * Running statistics after a batch: keep * statistics + (1 - keep) * those of the batch.
 *
 * @param keep a scalar, see {@link keptAt}
 */
export function runningStatistics(statistics: Tensor, ofBatch: Tensor, keep: Tensor): Tensor {
  return add(mul(statistics, keep), mul(ofBatch, sub(1, keep)));
}

/**
 * The weight of the past in running statistics at a step: min(momentum, 1 - 1 / (step + 1)). They begin as plain means and
 * become exponential ones, so that few steps suffice.
 *
 * @param step from 0
 */
export function keptAt(step: number, momentum: number): number {
  return Math.min(momentum, 1 - 1 / (step + 1));
}
