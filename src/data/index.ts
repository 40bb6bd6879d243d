/** Images and labels, without access to files: what runs in Node and in browsers. */
export { readBenignNpz } from "./benign-npz.ts";
export { assertLabelsFit, type CollectedImages, collectImages, type ImageWants } from "./collect.ts";
export { dataKeyOf, sha256 } from "./data-key.ts";
export {
  type BatchWants,
  createDataSet,
  type DataSample,
  type DataSet,
  type DataSetParts,
  type LabelColumn,
  type SkippedFile,
} from "./datasets/dataset.ts";
export { rotatedDigits } from "./datasets/rotated-digits.ts";
export { type DataSetSummary, type LabelRange, summarise } from "./datasets/summary.ts";
export { type ImageSet, imageOf } from "./image-set.ts";
export { type Labels, readLabels } from "./labels-csv.ts";
export { readNpy } from "./npy.ts";
export { readNpz } from "./npz.ts";
export { type DecodedImage, type PlanarImage, planarFromBytes, withChannels } from "./planar-image.ts";
export { resize } from "./resize.ts";
export {
  paperShares,
  type Split,
  type SplitBy,
  type SplitShares,
  splitAtRandom,
  splitByNames,
  splitBySubject,
  splitSamples,
} from "./splits.ts";
