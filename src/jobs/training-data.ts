/** What a training reads: a data set's images with labels as a network learns them, split into parts. */
import type { DataSet } from "../data/datasets/dataset.ts";
import type { ImageSet } from "../data/image-set.ts";
import { withMirrorImages } from "../data/mirror.ts";
import { openDataSet } from "../data/node/datasets/detect.ts";
import { type PreparedSet, prepareSet } from "../data/node/prepared-set.ts";
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

/**
 * Reads a data set's images, from the cache where they are there.
 *
 * Throws what reading them throws.
 *
 * @param onImages told how many images are read
 */
export function prepareImages(
  { data, cache }: DataRequest,
  dataSet: DataSet,
  onImages: (step: number, steps: number) => void,
  shouldStop: () => boolean,
): Promise<PreparedSet> {
  const wants = { channels: data.channels, size: data.size };
  return prepareSet(data.path, dataSet, { wants, cache, options: data.options, onImages, shouldStop });
}

/** A data set's images with labels as a network learns them, and the rows of each part. */
export interface SplitImages extends TrainingLabels {
  readonly split: Split;
}

/**
 * Splits a data set: the same request gives the same parts.
 *
 * Throws what {@link trainingLabels} and splitting throw.
 *
 * @param prepared all images of the data set
 */
export function splitImages(
  { data, recipe, seed }: Omit<DataRequest, "cache">,
  dataSet: DataSet,
  prepared: ImageSet,
): SplitImages {
  const subjects = dataSet.samples.map(({ subject }) => subject);
  const split = splitSamples(data.splitBy, subjects, createRandom(seed).fork("split"), data.shares);
  return { ...trainingLabels(prepared, dataSet.labels, recipe.loss), split };
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
 * Throws what {@link prepareImages} and {@link splitImages} throw, E_IMAGES where a part would have no image.
 */
export async function readTrainingData(
  request: DataRequest,
  { onEvent, shouldStop }: Pick<Work, "onEvent" | "shouldStop">,
): Promise<TrainingData> {
  const { data } = request;
  const dataSet = await openDataSet(data.path, data.options, data.kind);
  const count = dataSet.samples.length;
  const phase = "reading the images";
  onEvent({ kind: "phase", phase, steps: count });
  const onImages = (step: number, steps: number): void =>
    onEvent({ kind: "step", phase, step, steps, values: {} });
  const { images: prepared, key } = await prepareImages(request, dataSet, onImages, shouldStop);
  const { split, images, measure, classes } = splitImages(request, dataSet, prepared);
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
