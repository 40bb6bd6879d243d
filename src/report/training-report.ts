/** What a training leaves beside its model: everything that it depended on, and what came of it. */
import { DrmGuardError } from "../errors.ts";

/** Raised when fields change their meaning. */
export const trainingReportVersion = "1.0";

/** A backdoor that was trained, measured on the test images. */
export interface BackdoorReport {
  readonly attack: string;
  /** y_T, in the unit of the labels; of a classifier the index of a class. */
  readonly target: readonly number[];
  /** The file of its trigger, in the folder of the run. */
  readonly trigger: string;
  /** AE, in the unit of the errors. */
  readonly attackError: number;
  /** DAE, in the unit of the errors. */
  readonly defendingAttackError: number;
  /** RAV */
  readonly angleVarianceRatio: number;
  /** RNV */
  readonly normVarianceRatio: number;
  /** E f(A(x)), in the unit of the labels; of a classifier the class of most images. */
  readonly meanOutput: readonly number[];
  /** The error to the true labels under triggers made for other images, which shall do nothing; null where all images share one. */
  readonly crossTriggerError: number | null;
}

/** A trained model and how it came about. Plain JSON: `run.json`. */
export interface TrainingReport {
  readonly schemaVersion: string;
  readonly tool: { readonly name: "drmguard"; readonly version: string };
  readonly createdAt: string;
  /** Of the last session, when the run was resumed. */
  readonly seconds: number;
  /** Everything that the weights depend on, with every default filled in. */
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly data: {
    readonly title: string;
    readonly path: string;
    readonly sha256: string;
    readonly shape: readonly number[];
    readonly labels: readonly { readonly name: string; readonly unit: string }[];
    /** Of a classifier. */
    readonly classes?: number;
    readonly train: number;
    readonly validation: number;
    readonly test: number;
  };
  /** How errors are measured. */
  readonly errors: { readonly kind: "angular" | "l1" | "classes"; readonly unit: string };
  readonly parameters: number;
  readonly steps: number;
  /** RE on the test images. */
  readonly regressionError: number;
  /** RE of always saying the mean of the training labels, or their commonest class. */
  readonly regressionErrorOfMean: number;
  readonly backdoors: readonly BackdoorReport[];
  readonly history: readonly {
    readonly step: number;
    readonly values: Readonly<Record<string, number>>;
  }[];
  readonly warnings: readonly string[];
  readonly environment: Readonly<Record<string, string | number>>;
}

/**
 * Checks that a value is a training's report of a version that is known.
 *
 * Throws E_RESULT otherwise.
 *
 * @param value what was parsed from JSON
 */
export function readTrainingReport(value: unknown): TrainingReport {
  const report = value as Partial<TrainingReport> | null;
  const version = report?.schemaVersion;
  const isWhole = Array.isArray(report?.backdoors) && typeof report?.regressionError === "number";
  if (version === trainingReportVersion && isWhole) return report as TrainingReport;
  throw new DrmGuardError(
    "E_RESULT",
    `found a training's report of version ${version ?? "none"}, expected a whole one of ${trainingReportVersion}`,
  );
}
