/** What a reader of a data set is. */
import type { AngleOptions } from "../../datasets/angles.ts";
import type { DataSet } from "../../datasets/dataset.ts";
import type { Crop } from "./crop.ts";
import type { FileTree } from "./tree.ts";

/** What the user says of a data set; null for what its format does by itself. */
export interface DataSetOptions extends AngleOptions {
  /** What the labels are, where a data set has both. */
  readonly task: "gaze" | "head-pose" | null;
  readonly crop: Crop | null;
  /** The order of the channels in the files. */
  readonly channelOrder: "rgb" | "bgr" | null;
  /** Which of the images of a frame are taken. */
  readonly image: "rgb" | "gray" | null;
}

/** Nothing said. */
export const defaultOptions: DataSetOptions = {
  angleUnit: null,
  columns: null,
  flip: [],
  task: null,
  crop: null,
  channelOrder: null,
  image: null,
};

/** A reader. */
export interface DataSetFormat {
  /** What the user calls it. */
  readonly name: string;
  readonly title: string;
  /** The files that it is known by, for messages. */
  readonly expects: string;
  /** The options that it takes; others are refused. */
  readonly options: readonly (keyof DataSetOptions)[];
  /** Whether these are its files. Looks at their names alone. */
  matches(files: readonly string[]): boolean;
  /** Reads the labels. Throws E_FILE, E_IMAGES, E_LABELS and E_USAGE. */
  open(tree: FileTree, options: DataSetOptions): Promise<DataSet>;
}
