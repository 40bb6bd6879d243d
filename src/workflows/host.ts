/** What a workflow is given: the model, the images, and what Node and browsers do each in their own way. */
import type { CollectedImages, ImageWants } from "../data/collect.ts";
import type { CheckpointArchive, Work } from "../loops/work.ts";
import type { ImportedModel } from "../models/import.ts";
import type { ScanResult } from "../report/result.ts";

/** A model and what identifies its file. */
export interface LoadedModel {
  /** What a result calls it. */
  readonly path: string;
  readonly model: ImportedModel;
  readonly sha256: string;
  readonly bytes: number;
}

/** A model that can be read when it is its turn. */
export interface ModelSource {
  /** What a result calls it. */
  readonly path: string;
  /** Throws what reading and importing a model throw. */
  load(): Promise<LoadedModel>;
}

/** Clean images that can be read once it is known what the model wants of them. */
export interface ImageSource {
  /** What a result calls them. */
  readonly path: string;
  /** Throws E_IMAGES and E_LABELS when they do not fit. */
  read(wants: ImageWants): Promise<CollectedImages>;
}

/**
 * Writes pixels as the bytes of a PNG file.
 *
 * @param pixels [C, H, W] in [0, 1], of one or three channels
 */
export type EncodePng = (
  pixels: Float32Array,
  shape: readonly [channels: number, height: number, width: number],
) => Promise<Uint8Array>;

/** Where a workflow runs, and who watches it. */
export interface Host extends Work {
  /** The version of the package. */
  readonly version: string;
  readonly environment: ScanResult["environment"];
  readonly encodePng: EncodePng;
  /** Keeps the states of unfinished work, and what is shared between models. */
  readonly checkpoints: CheckpointArchive;
}
