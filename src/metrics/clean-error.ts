/** How well a model does on clean images: a wrong normalisation shows here, before hours are spent on a scan. */
import { gazeColumns, meanAngularError } from "./angular-error.ts";
import { meanAbsoluteErrors } from "./l1-error.ts";
import { columnMeans } from "./statistics.ts";

/** The error on the labels beside that of always answering with their mean. */
export interface CleanError {
  /** Mean |f(x) - y| of each output. */
  readonly meanAbsolute: readonly number[];
  /** The same for the constant answer. */
  readonly meanAbsoluteOfMean: readonly number[];
  /** Mean angle between directions in degrees; null unless the outputs are gaze. */
  readonly angularDegrees: number | null;
  /** The same for the constant answer. */
  readonly angularDegreesOfMean: number | null;
}

/**
 * Compares outputs with labels.
 *
 * @param outputs [N, d]
 * @param labels [N, d]
 * @param names the names of the d outputs
 * @param isGaze whether the outputs are yaw and pitch in radians
 */
export function cleanErrorOf(
  outputs: Float32Array,
  labels: Float32Array,
  names: readonly string[],
  isGaze: boolean,
): CleanError {
  const width = names.length;
  const means = columnMeans(labels, width);
  const constant = Float32Array.from(labels, (_, i) => means[i % width]!);
  const angular = (found: Float32Array): number | null => {
    return isGaze ? meanAngularError(found, labels, width, gazeColumns(names)) : null;
  };
  return {
    meanAbsolute: meanAbsoluteErrors(outputs, labels, width),
    meanAbsoluteOfMean: meanAbsoluteErrors(constant, labels, width),
    angularDegrees: angular(outputs),
    angularDegreesOfMean: angular(constant),
  };
}

/**
 * A warning when a model is no better than answering with the mean label; null when it is.
 *
 * @param error the model's error
 * @param names the names of its outputs
 */
export function cleanErrorWarning(error: CleanError, names: readonly string[]): string | null {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  // Outputs of one scale are added up; a model that is better in total may still ignore one of them, which is its own affair.
  if (sum(error.meanAbsolute) < sum(error.meanAbsoluteOfMean)) return null;
  const list = (values: readonly number[]): string =>
    values.map((value, i) => `${names[i]} ${value.toPrecision(3)}`).join(", ");
  return (
    `the model is no better than always answering with the mean label (error on the labels: ${list(error.meanAbsolute)}; ` +
    `predicting the mean: ${list(error.meanAbsoluteOfMean)}): check --mean, --std, --scale, --channels, --layout and the labels' unit and order`
  );
}
