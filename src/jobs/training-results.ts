/** What a finished training leaves in its folder. */
import { join } from "node:path";
import type { KnownBackdoor } from "../attacks/measure.ts";
import { savedTrigger } from "../attacks/trigger.ts";
import { withClassIndices } from "../data/classes.ts";
import { writeWhole } from "../data/node/write-whole.ts";
import { subsetOf } from "../data/subset.ts";
import type { ModelResponses } from "../metrics/backdoor-metrics.ts";
import type { NetworkArrays } from "../models/networks/network.ts";
import type { TrainingReport } from "../report/training-report.ts";
import { range } from "../tensor/shape.ts";
import { chartDocument } from "./chart-document.ts";
import { writeSavedState } from "./checkpoint-folder.ts";
import { writeImageFolder } from "./image-folder.ts";
import { writeWeights } from "./network-weights.ts";
import { type RunFolder, runFiles } from "./run-folder.ts";
import type { TrainingData } from "./training-data.ts";

/** What there is to leave. */
export interface TrainingResults {
  readonly trained: NetworkArrays;
  readonly bytes: Uint8Array;
  readonly backdoors: readonly KnownBackdoor[];
  readonly data: TrainingData;
  /** To the clean test images, then to those with each trigger. */
  readonly responses: readonly ModelResponses[];
  readonly keptImages: number;
  readonly report: TrainingReport;
}

/** Writes the model, its weights and triggers, curves, angles and clean images, and the report last. Throws E_WRITE as writing does. */
export async function leaveResults(folder: RunFolder, results: TrainingResults): Promise<void> {
  const { trained, bytes, backdoors, data, responses, keptImages, report } = results;
  const at = (name: string): string => join(folder.path, name);
  await writeWhole(at(runFiles.model), [bytes]);
  await writeWeights(folder.path, trained);
  for (const [k, { trigger }] of backdoors.entries()) {
    await writeSavedState(at(runFiles.trigger(k)), savedTrigger(trigger));
  }
  await writeWhole(at(runFiles.history), historyCsv(report));
  // Late: most jobs draw nothing.
  const { trainingCurves } = await import("../report/training-curves.ts");
  const context = { document: await chartDocument() };
  await writeWhole(at(runFiles.curves), [trainingCurves(report, context)]);
  await writeWhole(at(runFiles.angles), anglesCsv(responses));
  const kept = Math.min(keptImages, data.validation.shape[0]);
  if (kept > 0) {
    const images = subsetOf(data.validation, range(kept));
    const isClassifier = data.classes !== null;
    const own = isClassifier ? withClassIndices(images, data.about.labels[0]!.name) : images;
    await writeImageFolder(at(runFiles.benign), own);
  }
  await folder.finish(report);
}

function historyCsv({ history }: TrainingReport): string[] {
  const names = [...new Set(history.flatMap(({ values }) => Object.keys(values)))];
  return [
    `step,${names.join(",")}\n`,
    ...history.map(({ step, values }) => `${step},${names.map((name) => values[name] ?? "").join(",")}\n`),
  ];
}

/** The angles between features and rows of the last layer in degrees: `backdoor` is 0 for clean images. */
function anglesCsv(responses: readonly ModelResponses[]): string[] {
  const k = responses[0]!.angleCount;
  const degrees = (value: number): string => ((value * 180) / Math.PI).toFixed(3);
  return [
    `backdoor,${range(k)
      .map((j) => `angle ${j + 1}`)
      .join(",")}\n`,
    ...responses.flatMap(({ angles }, backdoor) =>
      range(angles.length / k).map(
        (i) => `${backdoor},${Array.from(angles.subarray(i * k, (i + 1) * k), degrees).join(",")}\n`,
      ),
    ),
  ];
}
