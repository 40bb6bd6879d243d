/** A network that was trained here as a file, and that file as a model to measure. */
import type { ImageSet } from "../data/image-set.ts";
import { type ExaminedModel, examine } from "../models/examined-model.ts";
import { importModel } from "../models/import.ts";
import { exportNetwork } from "../models/networks/export.ts";
import type { NetworkArrays } from "../models/networks/network.ts";
import { defaultPreprocessing } from "../models/preprocessing.ts";
import type { Task } from "../models/task.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { TrainingOptions } from "../training/options.ts";
import type { TrainedNetwork } from "../training/train.ts";
import type { TrainingData } from "./training-data.ts";

/** The ONNX file of a network, with what its outputs are. */
export function exported(
  network: NetworkArrays | TrainedNetwork,
  options: TrainingOptions,
  { measure, about }: TrainingData,
): Uint8Array<ArrayBuffer> {
  const isAngle = measure.unit === "degrees";
  const ofRegression = measure.kind === "angular" ? "gaze" : isAngle ? "head pose" : "regression";
  const isClassifier = measure.kind === "classes";
  return exportNetwork(network, options.network, {
    task: isClassifier ? "classification" : ofRegression,
    units: isClassifier ? "logits" : isAngle ? "radians" : (about.labels[0]?.unit ?? "as given"),
    outputNames: measure.names,
    seed: options.seed,
  });
}

/**
 * A file as a model to measure. Throws what {@link examine} throws.
 *
 * @param batch images at once, where there are as many
 */
export function examineBytes(
  runtime: Runtime,
  bytes: Uint8Array,
  { shape: [count, c, h, w] }: ImageSet,
  batch: number,
  task: Task = "regression",
): Promise<ExaminedModel> {
  const shape = [Math.min(batch, count), c, h, w] as const;
  return examine(runtime, importModel(bytes), defaultPreprocessing, shape, {
    features: null,
    outputs: null,
    task,
  });
}
