/** Measures a model with the true triggers of a training, on the training's own test images, as a job. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { measureModel } from "../attacks/measure.ts";
import { loadedTrigger } from "../attacks/trigger.ts";
import type { ImageSet } from "../data/image-set.ts";
import { openDataSet } from "../data/node/datasets/detect.ts";
import { fileError } from "../data/node/file-error.ts";
import { subsetOf } from "../data/subset.ts";
import { DrmGuardError } from "../errors.ts";
import { examine } from "../models/examined-model.ts";
import { noPreprocessingHints, resolvePreprocessing } from "../models/preprocessing.ts";
import type { MeasurementReport } from "../report/measurement.ts";
import { readTrainingReport, type TrainingReport } from "../report/training-report.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { readSavedState } from "./checkpoint-folder.ts";
import type { JobContext, MeasureRequest } from "./job.ts";
import { loadModel } from "./load-model.ts";
import { runFiles } from "./run-folder.ts";
import { type DataRequest, prepareImages, splitImages } from "./training-data.ts";
import { type TrainingLabels, targetVector, taskOf } from "./training-labels.ts";

/** Images that the model sees at once. */
const measuringBatch = 50;

/**
 * Measures RE, and AE and DAE of every trigger that a training left.
 *
 * Throws E_FILE and E_RESULT when the folder holds no finished training, E_IMAGES when its data set is another one now, and what
 * reading the model and the images throw.
 */
export async function runMeasurement(
  request: MeasureRequest,
  { onEvent, shouldStop }: JobContext,
): Promise<MeasurementReport> {
  const start = Date.now();
  const report = await reportIn(request.run);
  onEvent({ kind: "phase", phase: "reading the images", steps: 0 });
  const { images: test, measure, classes } = await testImages(report, request.cache, shouldStop);
  onEvent({ kind: "phase", phase: "measuring the model", steps: 0 });
  const runtime = nodeRuntime({ threads: request.threads, provider: request.provider });
  const { model } = await loadModel(request.model, request.memoryLimit);
  const preprocessing = resolvePreprocessing(model, noPreprocessingHints);
  const [count, ...imageShape] = test.shape;
  const shape = [Math.min(measuringBatch, count), ...imageShape] as unknown as ImageSet["shape"];
  const task = taskOf({ classes });
  const examined = await examine(runtime, model, preprocessing, shape, {
    features: null,
    outputs: null,
    task,
  });
  const backdoors = await Promise.all(
    report.backdoors.map(async ({ trigger, target }) => ({
      trigger: loadedTrigger(await readSavedState(join(request.run, trigger))),
      target: targetVector(target, classes),
    })),
  );
  const measured = await measureModel(runtime, examined, test, backdoors, measure);
  return {
    regressionError: measured.regressionError,
    backdoors: measured.backdoors.map(({ metrics: { attackError, defendingAttackError, meanOutput } }) => ({
      attackError,
      defendingAttackError,
      meanOutput,
    })),
    images: count,
    seconds: (Date.now() - start) / 1000,
  };
}

async function reportIn(folder: string): Promise<TrainingReport> {
  const path = join(folder, runFiles.report);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw fileError(`cannot read ${path}`, cause);
  });
  return readTrainingReport(JSON.parse(text));
}

/** The images that the training held back, split off in the same way, with their labels as it read them. */
async function testImages(
  { configuration, data: about }: TrainingReport,
  cache: string,
  shouldStop: () => boolean,
): Promise<TrainingLabels> {
  const request = configuration as unknown as Omit<DataRequest, "cache">;
  const { path, options, kind } = request.data;
  const dataSet = await openDataSet(path, options, kind);
  const { images, key } = await prepareImages({ ...request, cache }, dataSet, () => {}, shouldStop);
  if (key !== about.sha256) {
    throw new DrmGuardError(
      "E_IMAGES",
      `found images at ${path} that are not those of the training, expected ${about.sha256.slice(0, 12)}`,
      { hint: "files that were written anew count as others" },
    );
  }
  const read = splitImages(request, dataSet, images);
  return { ...read, images: subsetOf(read.images, read.split.test) };
}
