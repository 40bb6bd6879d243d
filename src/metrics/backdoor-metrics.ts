/** What a backdoor does to a model, in numbers: RE, AE, DAE (appendix A.3), RAV and RNV (Eq. 3). */
import { classesOf, commonestOf } from "./accuracy.ts";
import { type ErrorMeasure, meanRegressionError } from "./regression-error.ts";
import { columnMeans, columnVariances, meanVarianceRatio } from "./statistics.ts";

/** What a model makes of images. */
export interface ModelResponses {
  /** f(x), [N, d] */
  readonly outputs: Float32Array;
  /** angle(F(x_i), w_j) in radians, [N, k]; k is d unless there are several heads. */
  readonly angles: Float32Array;
  /** ||F(x_i)|| of each head, [N, heads]. */
  readonly norms: Float32Array;
  /** k */
  readonly angleCount: number;
  readonly headCount: number;
}

/** A backdoor's effect; errors in the unit of the measure. */
export interface BackdoorMetrics {
  /** AE: mean error of f(A(x)) to the target y_T. Small where the attack works. */
  readonly attackError: number;
  /** DAE: mean error of f(A(x)) to the true y. Small where a defence works. */
  readonly defendingAttackError: number;
  /** RAV: (1/d) sum_j Var(angle(F(A(x_i)), w_j)) / Var(angle(F(x_i), w_j)). */
  readonly angleVarianceRatio: number;
  /** RNV: Var(||F(A(x_i))||) / Var(||F(x_i)||), the mean over heads. */
  readonly normVarianceRatio: number;
  /** E f(A(x)), [d] in the labels' unit: what the model really says, which is near y_T. Of a classifier the class of most images, [1]. */
  readonly meanOutput: readonly number[];
}

/**
 * Measures a backdoor.
 *
 * @param clean responses to x
 * @param poisoned responses to A(x), in the same order
 * @param labels the true y, [N, d]
 * @param target y_T, [d]
 */
export function backdoorMetrics(
  clean: ModelResponses,
  poisoned: ModelResponses,
  labels: Float32Array,
  target: readonly number[],
  measure: ErrorMeasure,
): BackdoorMetrics {
  return {
    attackError: meanRegressionError(poisoned.outputs, Float32Array.from(target), measure),
    defendingAttackError: meanRegressionError(poisoned.outputs, labels, measure),
    angleVarianceRatio: meanVarianceRatio(poisoned.angles, clean.angles, clean.angleCount),
    normVarianceRatio: ratioOf(poisoned.norms, clean.norms, clean.headCount),
    meanOutput:
      measure.kind === "classes"
        ? [commonestOf(classesOf(poisoned.outputs, target.length)).value]
        : columnMeans(poisoned.outputs, target.length),
  };
}

function ratioOf(above: Float32Array, below: Float32Array, columns: number): number {
  const [a, b] = [columnVariances(above, columns), columnVariances(below, columns)];
  return a.reduce((sum, value, j) => sum + value / b[j]!, 0) / columns;
}
