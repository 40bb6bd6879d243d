/** Work of experiments as if it had been done. */
import type { Findings, FinishedRepair } from "../../src/experiments/gather.ts";
import type { TrainedModel } from "../../src/experiments/model-item.ts";
import type { ModelSpec } from "../../src/experiments/models.ts";
import type { FinishedScan, ScanSpec } from "../../src/experiments/scan-item.ts";
import type { MitigationName } from "../../src/mitigation/methods.ts";
import type { MeasurementReport } from "../../src/report/measurement.ts";
import type { RepairReport } from "../../src/report/repair-report.ts";
import type { ScanResult } from "../../src/report/result.ts";
import type { BackdoorReport } from "../../src/report/training-report.ts";
import { resultOf } from "./result.ts";
import { trainingReportOf } from "./training-report.ts";

/** A model as if it had been trained; a benign one has no backdoors. */
export function trainedModel(
  spec: Partial<ModelSpec>,
  changes: {
    readonly regressionError?: number;
    readonly backdoors?: readonly Partial<BackdoorReport>[];
    readonly folder?: string;
    readonly network?: { readonly architecture: string; readonly width: number };
    /** Of the data set. */
    readonly title?: string;
  } = {},
): TrainedModel {
  const whole: ModelSpec = { task: "gaze", condition: "wanet", seed: 1, ...spec };
  const [like] = trainingReportOf().backdoors;
  const backdoors = changes.backdoors ?? (whole.condition === "benign" ? [] : [{}]);
  const { data } = trainingReportOf();
  return {
    spec: whole,
    folder: changes.folder ?? "",
    report: trainingReportOf({
      data: { ...data, title: changes.title ?? data.title },
      regressionError: changes.regressionError ?? 2,
      regressionErrorOfMean: 20,
      configuration: {
        seed: whole.seed,
        network: changes.network ?? { architecture: "resnet18", width: 0.25, stem: "fine" },
      },
      backdoors: backdoors.map((each) => ({ ...like!, ...each })),
    }),
  };
}

/** A scan as if it had been done. */
export function finishedScan(
  model: TrainedModel,
  result: Partial<ScanResult>,
  spec: Partial<ScanSpec> = {},
): FinishedScan {
  return {
    spec: { model: model.spec, method: "contrast", options: {}, share: 1, ...spec },
    model,
    result: resultOf({ method: spec.method ?? "contrast", threshold: 0.7, measures: {}, ...result }),
    path: "scan.json",
  };
}

/** Errors under one trigger, as a measurement. */
export const measurementOf = (
  attackError: number,
  defendingAttackError: number,
  regressionError: number,
): MeasurementReport => ({
  regressionError,
  backdoors: [{ attackError, defendingAttackError, meanOutput: [0, 0] }],
  images: 100,
  seconds: 1,
});

/** A repair as if it had been done; `after` null where there was nothing to go by. */
export function finishedRepair(
  scan: FinishedScan,
  method: MitigationName,
  after: MeasurementReport | null,
  baseline: MeasurementReport,
): FinishedRepair {
  const report = {
    outcome: "repaired",
    seconds: 30,
    triggers: [{ family: "warp" }],
  } as unknown as RepairReport;
  return {
    spec: { scan: scan.spec, method, options: {} },
    repaired: { scan, folder: "", done: after === null ? null : { report, model: "repaired.onnx" } },
    after,
    baseline,
  };
}

/** All that was found, with changes. */
export const findingsOf = (changes: Partial<Findings> = {}): Findings => ({
  models: [],
  scans: [],
  repairs: [],
  poisoned: [],
  unfinished: { models: 0, scans: 0, repairs: 0, poisoned: 0 },
  ...changes,
});

/** The cells of a Markdown table, without the line below its header. */
export function cellsOf(markdown: string): string[][] {
  const lines = markdown.split("\n").filter((line) => line.startsWith("|"));
  return lines
    .filter((line) => !/^[| -]+$/.test(line))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/**
 * The rows of a Markdown table by the names of its columns.
 *
 * @param which of the text's tables
 */
export function rowsByColumn(markdown: string, which = 0): Record<string, string>[] {
  const tables = markdown.split("\n\n").filter((text) => text.startsWith("|"));
  const [header, ...rows] = cellsOf(tables[which]!) as [string[], ...string[][]];
  return rows.map((row) => Object.fromEntries(header.map((name, j) => [name, row[j]!])));
}
