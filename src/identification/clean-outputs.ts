/** What clean outputs must be before targets can be measured in their spread. */
import { DrmGuardError } from "../errors.ts";
import { constantOutputs } from "./contrast/scale.ts";

/**
 * Throws E_MODEL_OUTPUT when an output does not depend on the image: it has no spread to measure in.
 *
 * @param outputs f(x) of the clean images, [N, d]
 */
export function assertOutputsVary(outputs: Float32Array, d: number): void {
  const constant = constantOutputs(outputs, d);
  if (constant.length === 0) return;
  throw new DrmGuardError(
    "E_MODEL_OUTPUT",
    `output ${constant.join(", ")} is the same for all clean images, expected outputs that depend on the image`,
    { hint: "--outputs names the outputs to use" },
  );
}
