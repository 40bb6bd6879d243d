/** Reversed triggers as they stand in a result: parameters as text, so that a result is one file. */
import { fromBase64, toBase64 } from "../data/base64.ts";
import { DrmGuardError } from "../errors.ts";
import { type FamilyName, familyNames } from "../identification/families/families.ts";
import type { ReversedTrigger } from "../identification/reversed-trigger.ts";
import type { ScanResult } from "../report/result.ts";

/** A reversed trigger in a result. */
type TriggerText = NonNullable<ScanResult["triggers"]>[number];

/** A trigger for a result. */
export function triggerText({ family, theta, target, score }: ReversedTrigger): TriggerText {
  const bytes = new Uint8Array(theta.buffer, theta.byteOffset, theta.byteLength);
  return { family, theta: toBase64(bytes), target: [...target], score };
}

/**
 * A trigger of a result.
 *
 * Throws E_RESULT when it is of a family that is not known here, or its parameters are no base64 of finite numbers.
 */
export function triggerOfText({ family, theta, target, score }: TriggerText): ReversedTrigger {
  if (!(familyNames as readonly string[]).includes(family)) {
    throw new DrmGuardError(
      "E_RESULT",
      `found a trigger of the family ${family}, expected one of ${familyNames.join(", ")}`,
    );
  }
  const bytes = fromBase64(theta);
  const numbers = bytes.length % 4 === 0 ? new Float32Array(bytes.buffer) : new Float32Array();
  if (numbers.length === 0 || !numbers.every(Number.isFinite)) {
    throw new DrmGuardError(
      "E_RESULT",
      `found ${bytes.length} bytes of a trigger, expected finite float32 numbers`,
    );
  }
  return { family: family as FamilyName, theta: numbers, target, score };
}
