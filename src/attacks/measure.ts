/** What backdoors do to a model, measured on clean images with labels. */
import type { ImageSet } from "../data/image-set.ts";
import { DrmGuardError } from "../errors.ts";
import { type BackdoorMetrics, backdoorMetrics, type ModelResponses } from "../metrics/backdoor-metrics.ts";
import { type ErrorMeasure, meanRegressionError } from "../metrics/regression-error.ts";
import type { ExaminedModel } from "../models/examined-model.ts";
import { respond } from "../models/respond.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { applyTriggerTo } from "./apply.ts";
import type { Trigger } from "./trigger.ts";

/** A backdoor that is measured. */
export interface KnownBackdoor {
  readonly trigger: Trigger;
  /** y_T, [d] in the unit of the labels. */
  readonly target: readonly number[];
}

/** A model's errors, and what its backdoors do. */
export interface ModelMeasurement {
  /** RE: mean error of f(x) to the true y, in the unit of the measure. */
  readonly regressionError: number;
  readonly clean: ModelResponses;
  readonly backdoors: readonly {
    readonly metrics: BackdoorMetrics;
    readonly poisoned: ModelResponses;
  }[];
}

/**
 * Measures a model on clean images, and on the same images with each trigger.
 *
 * Throws E_LABELS when there are no labels, E_SHAPE when a trigger is for images of another shape.
 *
 * @param examined the model at the batch size to run with
 * @param images clean images with labels
 */
export async function measureModel(
  runtime: Runtime,
  examined: ExaminedModel,
  images: ImageSet,
  backdoors: readonly KnownBackdoor[],
  measure: ErrorMeasure,
): Promise<ModelMeasurement> {
  const { labels, pixels, shape } = images;
  if (labels === null) throw new DrmGuardError("E_LABELS", "found no labels, expected images with labels");
  const sets: { pixels: Float32Array; shape: ImageSet["shape"] }[] = [{ pixels, shape }];
  for (const { trigger } of backdoors) {
    sets.push({ pixels: await applyTriggerTo(runtime, trigger, pixels, shape.slice(1)), shape });
  }
  const [clean, ...poisoned] = (await respond(runtime, examined, sets)) as [
    ModelResponses,
    ...ModelResponses[],
  ];
  return {
    regressionError: meanRegressionError(clean.outputs, labels, measure),
    clean,
    backdoors: poisoned.map((responses, k) => ({
      metrics: backdoorMetrics(clean, responses, labels, backdoors[k]!.target, measure),
      poisoned: responses,
    })),
  };
}
