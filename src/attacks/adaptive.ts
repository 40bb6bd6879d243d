/** The adaptive attack (Eq. 6): a backdoor that hides the trace which the defence looks for. */
import { DrmGuardError } from "../errors.ts";
import { featureAngles } from "../models/examined-model.ts";
import { abs, add, addAll, div, mul, sub } from "../tensor/elementwise.ts";
import type { Tensor } from "../tensor/graph.ts";
import { slice } from "../tensor/movement.ts";
import { mean, variance } from "../tensor/reduction.ts";
import type { Penalty } from "../training/step.ts";
import type { BatchRows, RowRange } from "./poison.ts";

/** lambda_adp, the paper's. */
export const adaptiveDefaults = { weight: 0.02 };

/** Keeps the ratio finite where clean images do not differ. */
const smallestVariance = 1e-12;

/**
 * lambda_adp |1 - (1/d) sum_j Var_i angle(F(A(x_i)), w_j) / Var_i angle(F(x_i), w_j)|: over the poisoned rows of a
 * batch the angles shall vary as they do over the clean ones. It is added to the loss of a training with any attack:
 * the rows are what `rowsOfBatch` says of `poisonedBatches`, or what a prepared input-aware attack says.
 *
 * Reading: the gradient goes to F and to the w_j, since nothing says that it does not. With several backdoors it is
 * the mean over them.
 *
 * Throws E_USAGE when a backdoor or the clean images have fewer than two rows, which have no variance.
 *
 * @param weight lambda_adp
 */
export function conePenalty(
  { poisoned, clean }: BatchRows,
  weight: number = adaptiveDefaults.weight,
): Penalty {
  for (const { start, end } of [...poisoned, clean]) {
    if (end - start >= 2) continue;
    throw new DrmGuardError(
      "E_USAGE",
      `found ${end - start} images of a kind in a batch, expected 2 or more to have a variance`,
    );
  }
  return ({ features, rows }) => {
    const angles = featureAngles(features, rows);
    const spread = ({ start, end }: RowRange): Tensor =>
      variance(slice(angles, [{ axis: 0, start, end }]), { axes: [0] });
    const ofClean = add(spread(clean), smallestVariance);
    const terms = poisoned.map((range) => abs(sub(1, mean(div(spread(range), ofClean)))));
    return mul(addAll(terms), weight / terms.length);
  };
}
