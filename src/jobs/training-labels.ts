/** What a network learns from a data set's labels: numbers to regress, or classes. */
import { classCountOf, oneHot, withClassVectors } from "../data/classes.ts";
import type { LabelColumn } from "../data/datasets/dataset.ts";
import type { ImageSet } from "../data/image-set.ts";
import { DrmGuardError } from "../errors.ts";
import { classErrorMeasure, type ErrorMeasure, errorMeasureFor } from "../metrics/regression-error.ts";
import type { Task } from "../models/task.ts";
import type { LossKind } from "../training/losses.ts";

/** Images with the labels that a network is trained on. */
export interface TrainingLabels {
  /** Labels are numbers, or vectors with a 1 at the class. */
  readonly images: ImageSet;
  readonly measure: ErrorMeasure;
  /** How many there are; null for a regression. */
  readonly classes: number | null;
}

/**
 * Reads labels as a loss wants them: cross-entropy takes the index of a class, the others take numbers.
 *
 * Throws E_LABELS where the loss is of classes and the labels are none, E_USAGE where the labels are said to be classes and the loss
 * is another, since the distance of two classes' numbers means nothing.
 *
 * @param columns the data set's
 */
export function trainingLabels(
  images: ImageSet,
  columns: readonly LabelColumn[],
  loss: LossKind,
): TrainingLabels {
  if (loss === "cross-entropy") {
    const classes = classCountOf(images);
    const vectors = withClassVectors(images, classes);
    return { images: vectors, measure: classErrorMeasure(vectors.labelNames), classes };
  }
  const ofClasses = columns.find(({ unit }) => unit === "class");
  if (ofClasses !== undefined) {
    throw new DrmGuardError(
      "E_USAGE",
      `found the loss ${loss} for labels that are the index of a class (${ofClasses.name}), expected cross-entropy`,
      { hint: "--loss cross-entropy trains a classifier" },
    );
  }
  const unit = columns.every((column) => column.unit === "radians") ? "radians" : "as given";
  return { images, measure: errorMeasureFor(images.labelNames, unit), classes: null };
}

/** What a network with such labels is. */
export const taskOf = ({ classes }: Pick<TrainingLabels, "classes">): Task =>
  classes === null ? "regression" : "classification";

/**
 * A target as a network learns it: of a classifier the vector of the class. Throws E_LABELS for what is no class.
 *
 * @param target in the unit of the data set's labels: numbers, or the index of a class
 * @param classes null for a regression
 */
export function targetVector(target: readonly number[], classes: number | null): readonly number[] {
  if (classes === null) return target;
  if (target.length === 1) return oneHot(target[0]!, classes);
  throw new DrmGuardError("E_LABELS", `found a target of ${target.length} numbers, expected a class`);
}

/** The inverse of {@link targetVector}. */
export function targetOfVector(vector: readonly number[], classes: number | null): readonly number[] {
  return classes === null ? vector : [vector.indexOf(1)];
}
