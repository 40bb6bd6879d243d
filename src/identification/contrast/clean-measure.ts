/** What a search over targets begins with: the model, what it makes of the clean images, and the coordinates of that. */
import { DrmGuardError } from "../../errors.ts";
import type { ExaminedModel } from "../../models/examined-model.ts";
import { assertOutputsVary } from "../clean-outputs.ts";
import type { IdentificationSetup } from "../identification.ts";
import { assertFiniteOutputs } from "../predict.ts";
import { examineFor } from "./fitting.ts";
import { type Responses, respondToClean } from "./measuring.ts";
import { type OutputScale, outputScale } from "./scale.ts";

/** Images at once where nothing is differentiated. */
const measuringBatch = 32;

/** That measure. */
export interface CleanMeasure {
  readonly examined: ExaminedModel;
  readonly clean: Responses;
  readonly scale: OutputScale;
}

/**
 * Runs the model over all clean images, and measures where its outputs lie.
 *
 * Throws what examining the model throws, E_IMAGES for fewer than two images, E_MODEL_OUTPUT when an output does not depend on the image,
 * and E_NAN when the model gives no finite numbers.
 */
export async function measureClean(setup: IdentificationSetup): Promise<CleanMeasure> {
  const { benign, runtime, model } = setup;
  const count = benign.shape[0];
  if (count < 2) throw new DrmGuardError("E_IMAGES", `found ${count} images, expected at least 2`);
  const examined = await examineFor(setup, model.fixedBatch ?? Math.min(measuringBatch, count));
  const clean = await respondToClean(runtime, examined, benign);
  assertFiniteOutputs(clean.outputs, benign);
  assertOutputsVary(clean.outputs, clean.dimension);
  return { examined, clean, scale: outputScale(clean.outputs, clean.dimension) };
}

/** Seconds since the epoch at which a time budget in seconds that begins now ends; null for none. */
export function deadlineOf(timeBudget: number | null): number | null {
  return timeBudget === null ? null : Date.now() / 1000 + timeBudget;
}
