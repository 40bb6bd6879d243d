/** What every way of taking a backdoor out of a model gets and gives. */
import type { ImageSet } from "../data/image-set.ts";
import type { LoopResult } from "../loops/loop.ts";
import type { Work } from "../loops/work.ts";
import type { ErrorMeasure } from "../metrics/regression-error.ts";
import type { ImportedModel } from "../models/import.ts";
import type { Preprocessing } from "../models/preprocessing.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { TrainableWeights } from "./trainable-weights.ts";

/** Clean images, and the same images under each reversed trigger. */
export interface ImagesUnderTriggers {
  readonly clean: ImageSet;
  /** A_k(x) for each trigger k, [N, C, H, W]. */
  readonly triggered: readonly Float32Array[];
}

/** Clean images with labels, and the same images under each reversed trigger. */
export interface RepairImages extends ImagesUnderTriggers {
  /** y, [N, d] */
  readonly labels: Float32Array;
}

/** What a mitigation gets. */
export interface MitigationSetup extends Work {
  readonly runtime: Runtime;
  readonly model: ImportedModel;
  readonly weights: TrainableWeights;
  readonly preprocessing: Preprocessing;
  /** Names the feature tensor F(x), where the last dense layer cannot be found; null to find it. */
  readonly features: string | null;
  /** Names of the outputs to use, for models with several; null when there is one. */
  readonly outputs: readonly string[] | null;
  /** What is trained on. */
  readonly training: RepairImages;
  /** Makes the same images mirrored, left for right, and then under the triggers; of them no labels are known. */
  readonly mirrored: () => Promise<ImagesUnderTriggers>;
  /** Whether what trigger k changes can be moved to another place of an image: not what takes its pixels from elsewhere. */
  readonly isMovable: readonly boolean[];
  /** What chooses among the weights of a training; never trained on. */
  readonly validation: RepairImages;
  /** What errors are measured in. */
  readonly measure: ErrorMeasure;
  /** The part by which the error on clean images may rise. */
  readonly maxDegradation: number;
  readonly seed: number;
  /** Identifies model, images, triggers and options: what is saved goes by it. */
  readonly runKey: string;
  /** Seconds since the epoch after which no step is begun; null for none. */
  readonly deadline: number | null;
  /** Bytes that the work may take; null for no limit. */
  readonly memoryLimit: number | null;
}

/** What a mitigation gives. */
export interface Mitigation {
  /** The new weights, packed as the old ones. */
  readonly weights: Float32Array;
  /** Whether all steps were done. */
  readonly isComplete: boolean;
  /** Measured numbers by name. */
  readonly measures: Readonly<Record<string, number>>;
  /** The options that were in force, with every default filled in. */
  readonly options: Readonly<Record<string, number>>;
  /** Losses and errors over the steps of its trainings, one after the other. */
  readonly history: LoopResult<unknown>["history"];
}
