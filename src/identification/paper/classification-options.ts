/** Options of the paper's method for classifiers (Eq. 10). */
import { DrmGuardError } from "../../errors.ts";
import { type PaperOptions, paperPresets } from "./options.ts";

/**
 * The constants for classifiers. The paper gives none for Eq. 10: all that is not named here is as in its gaze task.
 *
 * Reading: Eq. 10 has G(x), not x', so there is no attention map; r_f is removed, since classifiers have other features (A.9).
 *
 * Reading: lambda_1 is such that a tenth of the variance of ten classes that are told apart with certainty (0.09 / 10), which is the most
 * that may be left for outputs to count as collapsed, weighs as much as epsilon of a white image. With much less the images of
 * a benign model stay as they are, since no collapse is worth its perturbation, and the paper's rule calls it backdoored.
 */
export const classificationOptions: PaperOptions = {
  ...paperPresets.gaze,
  lambda1: 500_000,
  lambda2: 0,
  attention: "none",
  unit: "other",
  lambdaUnit: "other",
};

/**
 * Throws E_USAGE for an attention map that classifiers do not have, since probabilities sum to 1 and the gradient of their sum is 0, and
 * for variances relative to the clean ones, which are next to 0 for classes that no clean image is of.
 *
 * @param options all of them
 */
export function assertClassificationOptions({ attention, outputVariance }: PaperOptions): void {
  if (attention === "summed") {
    throw new DrmGuardError(
      "E_USAGE",
      "found attention = summed, expected none or per-output: the probabilities of a classifier sum to 1 for any image",
    );
  }
  if (outputVariance === "relative") {
    throw new DrmGuardError(
      "E_USAGE",
      "found outputVariance = relative, expected absolute: a class that no clean image is of has no variance to compare with",
    );
  }
}
