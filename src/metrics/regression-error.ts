/**
 * The one number that a task's errors are given in: an angle for gaze, an L1 distance for everything else that is regressed
 * (appendix A.2), and for classes how many are wrong.
 */
import { classesOf } from "./accuracy.ts";
import { gazeColumns, meanAngularError } from "./angular-error.ts";

/** What a label is measured in. */
export type LabelUnit = "radians" | "as given";

/** How the error of a regression is measured. */
export interface RegressionErrorMeasure {
  /** `angular`: the angle between gaze directions; `l1`: the mean of |f_j(x) - y_j| over components. */
  readonly kind: "angular" | "l1";
  /** The unit of the numbers: degrees wherever labels are radians. */
  readonly unit: "degrees" | "as given";
  /** Names of the d outputs. */
  readonly names: readonly string[];
}

/**
 * How the error of a classifier is measured: 0 where the largest score is the expected class's, 100 elsewhere, so that means are the
 * percentage of images with another class. RE is then 100 % less the accuracy, AE 100 % less the attack success rate.
 */
export interface ClassErrorMeasure {
  readonly kind: "classes";
  readonly unit: "percent";
  /** Names of the classes. */
  readonly names: readonly string[];
}

/** How the error of a task is measured. */
export type ErrorMeasure = RegressionErrorMeasure | ClassErrorMeasure;

const degrees = 180 / Math.PI;

/**
 * The measure of a task: two angles called yaw and pitch are a gaze direction, other angles and numbers are not.
 *
 * Reading: the paper does not say whether its L1 error of head pose is the sum or the mean over the three angles; it is the
 * mean here.
 *
 * @param names names of the outputs
 * @param unit the unit of the labels
 */
export function errorMeasureFor(names: readonly string[], unit: LabelUnit): RegressionErrorMeasure {
  const isGaze =
    unit === "radians" && names.length === 2 && ["yaw", "pitch"].every((name) => names.includes(name));
  return { kind: isGaze ? "angular" : "l1", unit: unit === "radians" ? "degrees" : "as given", names };
}

/**
 * The measure of a classifier.
 *
 * @param names a name for each class
 */
export function classErrorMeasure(names: readonly string[]): ClassErrorMeasure {
  return { kind: "classes", unit: "percent", names };
}

/**
 * The error of each of some outputs, in the measure's unit.
 *
 * @param found f(x), [N, d] in the labels' unit; scores of classes
 * @param expected [N, d], or [d] for one vector that all are compared with; a 1 at the class
 * @returns N numbers
 */
export function regressionErrors(
  found: Float32Array,
  expected: Float32Array,
  { kind, unit, names }: ErrorMeasure,
): Float64Array {
  const width = names.length;
  return Float64Array.from({ length: found.length / width }, (_, i) => {
    const own = found.subarray(i * width, (i + 1) * width);
    const wanted = expected.length === width ? expected : expected.subarray(i * width, (i + 1) * width);
    if (kind === "angular") return meanAngularError(own, wanted, width, gazeColumns(names));
    if (kind === "classes") return classesOf(own, width)[0] === classesOf(wanted, width)[0] ? 0 : 100;
    const total = own.reduce((sum, value, j) => sum + Math.abs(value - wanted[j]!), 0);
    return (total / width) * (unit === "degrees" ? degrees : 1);
  });
}

/** The mean of {@link regressionErrors}. */
export function meanRegressionError(
  found: Float32Array,
  expected: Float32Array,
  measure: ErrorMeasure,
): number {
  const errors = regressionErrors(found, expected, measure);
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
}
