/** What a model makes of the clean images, before hours are spent on it. */
import { assertClassIndices } from "../data/classes.ts";
import { assertLabelsFit } from "../data/collect.ts";
import type { ImageSet } from "../data/image-set.ts";
import { DrmGuardError } from "../errors.ts";
import { assertFiniteOutputs, predict } from "../identification/predict.ts";
import { type Accuracy, accuracyOf, accuracyWarning } from "../metrics/accuracy.ts";
import { type CleanError, cleanErrorOf, cleanErrorWarning } from "../metrics/clean-error.ts";
import { columnVariances } from "../metrics/statistics.ts";
import { type ExaminedModel, examine } from "../models/examined-model.ts";
import type { ImportedModel } from "../models/import.ts";
import type { Preprocessing } from "../models/preprocessing.ts";
import type { SplitOptions } from "../models/split.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** What came out. */
export interface Precheck {
  readonly examined: ExaminedModel;
  /** d */
  readonly dimension: number;
  /** Of a regressor; null without labels. */
  readonly cleanError: CleanError | null;
  /** Of a classifier; null without labels. */
  readonly accuracy: Accuracy | null;
  readonly warnings: readonly string[];
}

/** Images that the model sees at once here; more would only take memory. */
const batch = 16;
/** Outputs that differ by less than this part of their size are one constant. */
const constantRatio = 1e-5;

/**
 * Runs the model on all clean images, and compares with the labels if there are any.
 *
 * Throws what {@link examine} throws, E_LABELS when the labels do not fit, E_NAN when outputs are not finite,
 * E_MODEL_OUTPUT when they do not depend on the image.
 *
 * @param split with the task: labels of a regression are the outputs' values, of a classification the index of a class
 * @param isGaze whether two outputs are yaw and pitch
 */
export async function precheck(
  runtime: Runtime,
  model: ImportedModel,
  preprocessing: Preprocessing,
  images: ImageSet,
  split: SplitOptions,
  isGaze: (dimension: number) => boolean,
): Promise<Precheck> {
  const [count, ...imageShape] = images.shape;
  const own = model.fixedBatch ?? Math.min(batch, count);
  const examined = await examine(runtime, model, preprocessing, [own, ...imageShape], split);
  const { dimension } = examined.split;
  const isClassifier = split.task === "classification";
  if (isClassifier) assertClassIndices(images, dimension);
  else assertLabelsFit(images, dimension);
  const outputs = await predict(runtime, examined, images);
  assertFiniteOutputs(outputs, images);
  assertNotConstant(outputs, dimension);
  if (images.labels === null) return { examined, dimension, cleanError: null, accuracy: null, warnings: [] };
  if (isClassifier) {
    const accuracy = accuracyOf(outputs, images.labels, dimension);
    return { examined, dimension, cleanError: null, accuracy, warnings: given(accuracyWarning(accuracy)) };
  }
  const cleanError = cleanErrorOf(outputs, images.labels, images.labelNames, isGaze(dimension));
  const warnings = given(cleanErrorWarning(cleanError, images.labelNames));
  return { examined, dimension, cleanError, accuracy: null, warnings };
}

const given = (warning: string | null): string[] => (warning === null ? [] : [warning]);

function assertNotConstant(outputs: Float32Array, dimension: number): void {
  const largest = outputs.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const spreads = columnVariances(outputs, dimension).map(Math.sqrt);
  if (spreads.some((spread) => spread > constantRatio * largest)) return;
  throw new DrmGuardError(
    "E_MODEL_OUTPUT",
    `the model gives the same output for all clean images, expected outputs that depend on the image`,
    { hint: "check --mean, --std and --scale, and that the clean images differ" },
  );
}
