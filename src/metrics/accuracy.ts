/** Classes that a classifier gives, and how often they are right. */

/** How often a classifier is right on labelled images. */
export interface Accuracy {
  /** The part of the images whose class is the labelled one. */
  readonly accuracy: number;
  /** The same for always answering with the most frequent label. */
  readonly accuracyOfCommonest: number;
}

/** The class of the largest score in each row of [rows, classes]; the first of several. */
export function classesOf(scores: Float32Array, classes: number): number[] {
  return Array.from({ length: scores.length / classes }, (_, i) => {
    const row = scores.subarray(i * classes, (i + 1) * classes);
    return row.reduce((best, value, j) => (value > row[best]! ? j : best), 0);
  });
}

/** The number that is there most often, the smallest of several, and the part of all that it is. */
export function commonestOf(values: readonly number[]): { value: number; share: number } {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [value, count] = [...counts].reduce((most, each) =>
    each[1] > most[1] || (each[1] === most[1] && each[0] < most[0]) ? each : most,
  );
  return { value, share: count / values.length };
}

/**
 * Compares classes with labels.
 *
 * @param scores [N, classes]
 * @param labels class indices, [N]
 */
export function accuracyOf(scores: Float32Array, labels: Float32Array, classes: number): Accuracy {
  const right = classesOf(scores, classes).filter((found, i) => found === labels[i]).length;
  return { accuracy: right / labels.length, accuracyOfCommonest: commonestOf([...labels]).share };
}

/** A warning when a classifier is right no more often than always answering with the most frequent label; null when it is. */
export function accuracyWarning({ accuracy, accuracyOfCommonest }: Accuracy): string | null {
  if (accuracy > accuracyOfCommonest) return null;
  const percent = (value: number): string => `${Number((100 * value).toPrecision(3))} %`;
  return (
    `the model is right on ${percent(accuracy)} of the images, no more often than always answering with the most frequent label ` +
    `(${percent(accuracyOfCommonest)}): check --mean, --std, --scale, --channels, --layout and the order of the classes`
  );
}
