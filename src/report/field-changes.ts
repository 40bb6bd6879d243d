/** The fields of two results that differ. */
import { heldInputsText } from "../models/held-inputs.ts";
import type { ScanResult } from "./result.ts";

/** A value as it stands in a result; null where there is none. */
export type FieldValue = number | string | boolean | null | readonly FieldValue[];

/** Where a field stands. */
export type FieldGroup =
  | "model"
  | "images"
  | "preprocessing"
  | "method"
  | "options"
  | "measures"
  | "environment"
  | "tool";

/** A field that differs. */
export interface FieldChange {
  readonly group: FieldGroup;
  readonly name: string;
  readonly before: FieldValue;
  readonly after: FieldValue;
}

type Fields = Readonly<Record<string, FieldValue | undefined>>;

/**
 * All that differs between two results, save for what a scan finds and for when it ran.
 *
 * @param before one result
 * @param after another
 */
export function fieldChanges(before: ScanResult, after: ScanResult): FieldChange[] {
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  return (Object.keys(old) as FieldGroup[]).flatMap((group) => {
    const names = new Set([...Object.keys(old[group]), ...Object.keys(now[group])]);
    return [...names].flatMap((name): FieldChange[] => {
      const change = { before: old[group][name] ?? null, after: now[group][name] ?? null };
      return isSame(change.before, change.after) ? [] : [{ group, name, ...change }];
    });
  });
}

/** Whether two values are the same, element by element. */
export function isSame(a: FieldValue, b: FieldValue): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function fieldsOf(result: ScanResult): Readonly<Record<FieldGroup, Fields>> {
  const { model, benign, preprocessing, options, collapse, measures, environment, tool } = result;
  const { cleanError } = benign;
  return {
    model: {
      path: model.path,
      sha256: model.sha256,
      bytes: model.bytes,
      producer: model.producer,
      opset: model.opset,
      input: [model.input.name, ...model.input.shape],
      outputs: model.outputs,
      features: model.features,
    },
    images: {
      path: benign.path,
      sha256: benign.sha256,
      shape: benign.shape,
      labels: benign.labels,
    },
    preprocessing: { ...preprocessing, held: preprocessing.held && heldInputsText(preprocessing.held) },
    method: {
      method: result.method,
      preset: result.preset,
      task: result.task ?? "regression",
      seed: result.seed,
      references: result.calibration?.references.map(({ sha256 }) => sha256),
    },
    options,
    measures: {
      "angle variance ratio": collapse.coneRatio,
      "output variance ratio": collapse.outputVarianceRatio,
      "reconstruction floor": result.reconstructionFloor,
      accuracy: benign.accuracy?.accuracy,
      "mean absolute error": cleanError?.meanAbsolute,
      "angular error in degrees": cleanError?.angularDegrees,
      ...measures,
    },
    environment,
    tool: { version: tool.version, schemaVersion: result.schemaVersion },
  };
}
