/** DRMGuard in Node: ONNX Runtime, files, and whole scans, trainings and experiments in child processes. */

export { type Crop, parseCrop } from "./data/node/datasets/crop.ts";
export { dataSetFormats, openDataSet } from "./data/node/datasets/detect.ts";
export type { DataSetFormat, DataSetOptions } from "./data/node/datasets/format.ts";
export type { FileTree } from "./data/node/datasets/tree.ts";
export { externalDataBeside } from "./data/node/external-data.ts";
export { type Preparation, type PreparedSet, prepareSet } from "./data/node/prepared-set.ts";
export { readBenign } from "./data/node/read-benign.ts";
export type { Experiment, ExperimentResult, ExperimentScope } from "./experiments/experiment.ts";
export {
  type ExperimentEvent,
  type ExperimentFiles,
  experiments,
  type RunExperimentOptions,
  runExperiment,
} from "./experiments/run-experiment.ts";
export { chartDocument } from "./jobs/chart-document.ts";
export { checkpointFolder, readSavedState, writeSavedState } from "./jobs/checkpoint-folder.ts";
export type { PoisonReport, TrainingData } from "./jobs/job.ts";
export { type MeasureCall, measure } from "./jobs/measure.ts";
export { type RepairCall, repair } from "./jobs/repair.ts";
export { type CheckCall, check, type ScanCall, scan } from "./jobs/scan.ts";
export { type PoisonCall, poison, type TrainCall, train } from "./jobs/train.ts";
export {
  availableProviders,
  type NodeRuntimeOptions,
  nodeRuntime,
  type Provider,
  providers,
} from "./runtime/node.ts";
