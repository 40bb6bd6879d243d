/** The objective of reverse engineering, Eq. 5. */
import { abs, add, div, mul, sub } from "../../tensor/elementwise.ts";
import type { Tensor } from "../../tensor/graph.ts";
import { mean, sum, variance } from "../../tensor/reduction.ts";
import type { PaperOptions } from "./options.ts";

/** Keeps ratios of variances defined. */
const smallestVariance = 1e-12;

/** What the objective is made of. */
export interface ObjectiveInputs {
  /** x, [N, C, H, W] */
  readonly clean: Tensor;
  /** x', [N, C, H, W] */
  readonly reversed: Tensor;
  /** f(x'), [N, d]; of a classifier S(f(x')) */
  readonly outputs: Tensor;
  /** angle(F(x'_i), w_j), [N, k] */
  readonly angles: Tensor;
  /** Var_i angle(F(x_i), w_j) of the clean images, [k] */
  readonly cleanAngleVariance: Tensor;
  /** Var_i f_j(x_i) of the clean images, [d]; used when the variance is relative. */
  readonly cleanOutputVariance: Tensor;
}

/** The three terms, scalars. */
export interface ObjectiveTerms {
  /** (1/d) sum_j Var(f_j(x')), relative or in the unit of lambda_1. */
  readonly outputVariance: Tensor;
  /** (1/N) sum_i ||x'_i - x_i||_1 */
  readonly l1: Tensor;
  /** r_f = (1/d) sum_j Var(angle(F(x'), w_j)) / Var(angle(F(x), w_j)) */
  readonly coneRatio: Tensor;
}

/**
 * The terms of Eq. 5.
 *
 * @param unitFactor what an output is multiplied with to be in the unit of lambda_1
 */
export function objectiveTerms(
  inputs: ObjectiveInputs,
  options: PaperOptions,
  unitFactor: number,
): ObjectiveTerms {
  const { outputs, angles, cleanAngleVariance, cleanOutputVariance } = inputs;
  const spread = variance(outputs, { axes: [0] });
  const scaled =
    options.outputVariance === "relative"
      ? div(spread, add(cleanOutputVariance, smallestVariance))
      : mul(spread, unitFactor * unitFactor);
  const ratio = div(variance(angles, { axes: [0] }), add(cleanAngleVariance, smallestVariance));
  return { outputVariance: mean(scaled), l1: mean(perturbation(inputs, options)), coneRatio: mean(ratio) };
}

/** ||x'_i - x_i||_1 of each image, [N]. */
export function perturbation(
  { clean, reversed }: Pick<ObjectiveInputs, "clean" | "reversed">,
  { l1Reduction }: Pick<PaperOptions, "l1Reduction">,
): Tensor {
  const total = sum(abs(sub(reversed, clean)), { axes: [1, 2, 3] });
  return l1Reduction === "sum" ? total : mul(total, 1 / clean.shape[1]!);
}

/**
 * Eq. 5, and Eq. 10 where lambda_2 is 0 and outputs are probabilities: lambda_1 (1/d) sum_j Var(f_j(x')) + (1/N) sum_i ||x'_i - x_i||_1 + lambda_2 r_f, lambdas scaled to the image.
 *
 * @param values the number of pixel values of an image
 */
export function objective(terms: ObjectiveTerms, options: PaperOptions, values: number): Tensor {
  const scale = values / options.referenceValues;
  const withoutCone = add(mul(terms.outputVariance, options.lambda1 * scale), terms.l1);
  // Without the term, as Eq. 10 has it, angles that cannot be computed do no harm.
  return options.lambda2 === 0
    ? withoutCone
    : add(withoutCone, mul(terms.coneRatio, options.lambda2 * scale));
}

/** Eq. 7: x' = G(x) (1 - T(x)) + x T(x). */
export function momentumReversedTrigger(clean: Tensor, generated: Tensor, attention: Tensor): Tensor {
  return add(generated, mul(attention, sub(clean, generated)));
}
