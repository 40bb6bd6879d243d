/** DRMGuard in Node: ONNX Runtime, files, and whole scans in child processes. */

export { type Crop, parseCrop } from "./data/node/datasets/crop.ts";
export { dataSetFormats, openDataSet } from "./data/node/datasets/detect.ts";
export type { DataSetFormat, DataSetOptions } from "./data/node/datasets/format.ts";
export type { FileTree } from "./data/node/datasets/tree.ts";
export { externalDataBeside } from "./data/node/external-data.ts";
export { readBenign } from "./data/node/read-benign.ts";
export { type CheckpointFolder, checkpointFolder } from "./jobs/checkpoint-folder.ts";
export { type CheckCall, check, type ScanCall, scan } from "./jobs/scan.ts";
export {
  availableProviders,
  type NodeRuntimeOptions,
  nodeRuntime,
  type Provider,
  providers,
} from "./runtime/node.ts";
