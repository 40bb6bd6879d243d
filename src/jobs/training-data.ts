/** What a training reads: a data set's images with labels as a network learns them, split into parts. */
import type { DataSet } from "../data/datasets/dataset.ts";
import type { ImageSet } from "../data/image-set.ts";
import { withMirrorImages } from "../data/mirror.ts";
import { openDataSet } from "../data/node/datasets/detect.ts";
import { prepareSet } from "../data/node/prepared-set.ts";
import { type Split, splitSamples } from "../data/splits.ts";
import { subsetOf } from "../data/subset.ts";
import { DrmGuardError } from "../errors.ts";
import type { Work } from "../loops/work.ts";
import type { ErrorMeasure } from "../metrics/regression-error.ts";
import { createRandom } from "../random.ts";
import type { TrainingReport } from "../report/training-report.ts";
import type { TrainRequest } from "./job.ts";
import { type TrainingLabels, trainingLabels } from "./training-labels.ts";

/** What a request says of images and how they are split. */
export type DataRequest = Pick<TrainRequest, "data" | "recipe" | "cache" | "seed">;

/** A data set as a training reads it, before it is taken apart. */
export interface SplitImages extends TrainingLabels {
  readonly dataSet: DataSet;
  /** The sha256 of what the decoded images depend on. */
  readonly key: string;
  /** Rows of each part. */
  readonly split: Split;
}

/**
 * Reads a data set and splits it: the same request gives the same parts.
 *
 * Throws what reading the data and its labels throws.
 *
 * @param onImages told how many images are read
 */
export async function readSplitImages(
  { data, recipe, cache, seed }: DataRequest,
  dataSet: DataSet,
  onImages: (step: number, steps: number) => void,
  shouldStop: () => boolean,
): Promise<SplitImages> {
  const { images: prepared, key } = await prepareSet(data.path, dataSet, {
    wants: { channels: data.channels, size: data.size },
    cache,
    options: data.options,
    onImages,
    shouldStop,
  });
  const subjects = dataSet.samples.map(({ subject }) => subject);
  const split = splitSamples(data.splitBy, subjects, createRandom(seed).fork("split"), data.shares);
  return { ...trainingLabels(prepared, dataSet.labels, recipe.loss), dataSet, key, split };
}

/** Images that have labels. */
export type LabelledSet = ImageSet & { readonly labels: Float32Array };

/** The parts of a data set that a training has. */
export interface TrainingData {
  readonly train: LabelledSet;
  readonly validation: LabelledSet;
  readonly test: LabelledSet;
  readonly measure: ErrorMeasure;
  /** Of a classifier; null for a regression. */
  readonly classes: number | null;
  readonly about: TrainingReport["data"];
}

/**
 * Reads what a training trains on, watches and measures.
 *
 * Throws what {@link readSplitImages} throws, E_IMAGES where a part would have no image.
 */
export async function readTrainingData(
  request: DataRequest,
  { onEvent, shouldStop }: Pick<Work, "onEvent" | "shouldStop">,
): Promise<TrainingData> {
  const { data } = request;
  const opened = await openDataSet(data.path, data.options, data.kind);
  const count = opened.samples.length;
  const phase = "reading the images";
  onEvent({ kind: "phase", phase, steps: count });
  const { dataSet, key, split, images, measure, classes } = await readSplitImages(
    request,
    opened,
    (step, steps) => onEvent({ kind: "step", phase, step, steps, values: {} }),
    shouldStop,
  );
  const part = (name: keyof Split): LabelledSet => {
    if (split[name].length === 0) {
      throw new DrmGuardError(
        "E_IMAGES",
        `found ${count} images, which leave none for ${name}, expected more`,
      );
    }
    return subsetOf(images, split[name]) as LabelledSet;
  };
  const train = part("train");
  return {
    train: data.mirror === null ? train : (withMirrorImages(train, data.mirror) as LabelledSet),
    validation: part("validation"),
    test: part("test"),
    measure,
    classes,
    about: {
      title: dataSet.title,
      path: data.path,
      sha256: key,
      shape: images.shape,
      labels: dataSet.labels.map(({ name, unit }) => ({ name, unit })),
      ...(classes === null ? {} : { classes }),
      train: split.train.length,
      validation: split.validation.length,
      test: split.test.length,
    },
  };
}
