/** Classes as vectors: a 1 at the class, so that whatever is done to vectors of numbers can be done to classes. */
import { DrmGuardError } from "../errors.ts";
import type { ImageSet } from "./image-set.ts";

/** More is no number of classes but a label that is something else. */
const mostClasses = 1000;

/**
 * How many classes labels are of: one more than the largest index.
 *
 * Throws E_LABELS for labels that are no class indices from 0 on, one for each image, or all of one class.
 */
export function classCountOf(set: ImageSet): number {
  const { labels } = set;
  if (labels === null) {
    throw new DrmGuardError("E_LABELS", "found 0 labels an image, expected one: the index of its class");
  }
  assertClassIndices(set, mostClasses);
  const count = 1 + labels.reduce((most, label) => Math.max(most, label), 0);
  if (count >= 2) return count;
  throw new DrmGuardError("E_LABELS", "found one class, expected at least two");
}

/**
 * Throws E_LABELS for labels that are no class indices, one for each image. Nothing where there are no labels.
 *
 * @param classes how many there may be
 */
export function assertClassIndices({ labels, labelNames, names }: ImageSet, classes: number): void {
  if (labels === null) return;
  if (labelNames.length !== 1) {
    throw new DrmGuardError(
      "E_LABELS",
      `found ${labelNames.length} labels an image (${labelNames.join(", ")}), expected one: the index of its class`,
    );
  }
  const broken = labels.findIndex((label) => !(Number.isInteger(label) && label >= 0 && label < classes));
  if (broken < 0) return;
  throw new DrmGuardError(
    "E_LABELS",
    `found the label ${labels[broken]} of ${names[broken] ?? `image ${broken}`}, expected the index of a class, from 0 to ${classes - 1}`,
  );
}

/** A class as a vector of zeros with a 1 at its index. Throws E_LABELS for what is no index of one. */
export function oneHot(index: number, classes: number): number[] {
  if (!(Number.isInteger(index) && index >= 0 && index < classes)) {
    throw new DrmGuardError(
      "E_LABELS",
      `found the class ${index}, expected a whole number from 0 to ${classes - 1}`,
    );
  }
  return Array.from({ length: classes }, (_, j) => (j === index ? 1 : 0));
}

/**
 * A set whose labels are vectors of {@link oneHot}, [N, K]; its pixels are shared.
 *
 * @param set with one class index an image
 */
export function withClassVectors(set: ImageSet, classes: number): ImageSet & { labels: Float32Array } {
  return {
    ...set,
    labels: Float32Array.from([...set.labels!].flatMap((index) => oneHot(index, classes))),
    labelNames: Array.from({ length: classes }, (_, j) => `class ${j}`),
  };
}

/**
 * The set that {@link withClassVectors} was given: the index of each image's class.
 *
 * @param labelName what the index is called
 */
export function withClassIndices(set: ImageSet, labelName: string): ImageSet {
  const classes = set.labelNames.length;
  const indices = Array.from(
    { length: set.shape[0] },
    (_, i) => set.labels!.indexOf(1, i * classes) % classes,
  );
  return { ...set, labels: Float32Array.from(indices), labelNames: [labelName] };
}
