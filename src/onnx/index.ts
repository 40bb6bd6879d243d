/** ONNX files: read, write, and bring to one operator set. */
export type {
  Attribute,
  Attributes,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxValueInfo,
} from "./model.ts";
export { type ExternalDataReader, readModel, writeModel } from "./proto.ts";
export { type DType, float32, int64, type TensorData, toNumbers } from "./tensor-data.ts";
export { upgrade } from "./upgrade.ts";
