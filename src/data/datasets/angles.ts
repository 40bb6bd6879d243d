/** Angles as files give them, and as the project keeps them: radians, in one order, with signs that the user may turn. */
import { DrmGuardError } from "../../errors.ts";
import type { LabelColumn } from "./dataset.ts";

/** What the user says of a file's angles; null and empty for what the format says. */
export interface AngleOptions {
  readonly angleUnit: "degrees" | "radians" | null;
  /** The names of the angles in the order in which the files have them. */
  readonly columns: readonly string[] | null;
  /** Labels whose sign is turned, for data sets whose conventions differ from the documented ones. */
  readonly flip: readonly string[];
}

/** How a format keeps its angles. */
export interface AngleFormat {
  readonly unit: "degrees" | "radians";
  /** The order in the files. */
  readonly columns: readonly string[];
  /** The order of the labels. */
  readonly labels: readonly string[];
}

/** The labels of gaze, for every data set: yaw above 0 looks to the image's left, pitch above 0 up; both 0 look into the camera. */
export const gazeLabels: readonly string[] = ["yaw", "pitch"];
/** The labels of head pose with three angles, in Hopenet's order. */
export const headPoseLabels: readonly string[] = ["yaw", "pitch", "roll"];

/**
 * Label columns in radians.
 *
 * @param names their names
 */
export function inRadians(names: readonly string[]): LabelColumn[] {
  return names.map((name) => ({ name, unit: "radians" }));
}

/**
 * Makes a function from a file's angles to labels in radians.
 *
 * Throws E_USAGE when `columns` are not the format's, in another order, or `flip` names something that is no label.
 *
 * @param format how the files keep angles
 * @param options what the user says of them
 */
export function angleReader(
  format: AngleFormat,
  { angleUnit, columns, flip }: AngleOptions,
): (found: readonly number[]) => number[] {
  const order = columns ?? format.columns;
  if ([...order].sort().join() !== [...format.columns].sort().join()) {
    throw new DrmGuardError(
      "E_USAGE",
      `found columns ${order.join(", ")}, expected ${format.columns.join(", ")} in the order of the files`,
    );
  }
  const stranger = flip.find((name) => !format.labels.includes(name));
  if (stranger !== undefined) {
    throw new DrmGuardError(
      "E_USAGE",
      `found "${stranger}" to flip, expected some of ${format.labels.join(", ")}`,
    );
  }
  const factor = (angleUnit ?? format.unit) === "degrees" ? Math.PI / 180 : 1;
  const plan = format.labels.map((name) => ({
    from: order.indexOf(name),
    factor: flip.includes(name) ? -factor : factor,
  }));
  // Adding 0 keeps -0 out of reports.
  return (found) => plan.map((each) => found[each.from]! * each.factor + 0);
}

/**
 * Numbers of a line of text, separated by blanks or tabs.
 *
 * @returns null when one of them is no finite number
 */
export function readNumbers(line: string): number[] | null {
  const numbers = line.trim().split(/\s+/).map(Number);
  return line.trim() !== "" && numbers.every(Number.isFinite) ? numbers : null;
}
