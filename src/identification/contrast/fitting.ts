/** How many triggers and images fit into memory at once, and the model at that many. */
import { DrmGuardError } from "../../errors.ts";
import { type ExaminedModel, examine } from "../../models/examined-model.ts";
import type { ModelInstance } from "../../models/instance.ts";
import { sizeOf } from "../../onnx/tensor-data.ts";
import type { TriggerFamily } from "../families/family.ts";
import type { IdentificationSetup } from "../identification.ts";
import { laneBytes, modelStepBytes } from "../step-bytes.ts";

/** The fewest images of a step: a mean over less says little about all. */
const smallestBatch = 4;
/** Arrays as long as all triggers' parameters: theta, its gradient and Adam's means, old and new, and the best. */
const parameterCopies = 10;

/** Triggers that are searched at once, and images in a step. */
export interface SearchSize {
  readonly triggers: number;
  readonly batch: number;
}

/**
 * The most that fits: images are halved first, down to 4, and then triggers, which are searched in several rounds.
 *
 * @param wanted all triggers, and the batch that the options ask for
 * @param limit bytes; null for no limit
 */
export function fittingSearch(
  wanted: SearchSize,
  limit: number | null,
  bytesFor: (size: SearchSize) => number,
): SearchSize {
  let { triggers, batch } = wanted;
  const isTooLarge = (): boolean => limit !== null && bytesFor({ triggers, batch }) > limit;
  while (batch > smallestBatch && isTooLarge()) batch = Math.max(smallestBatch, batch >> 1);
  while (triggers > 1 && isTooLarge()) triggers = Math.ceil(triggers / 2);
  return { triggers, batch };
}

/**
 * Bytes of a step of a search, estimated.
 *
 * @param instance the model, at any batch size
 * @param imageShape [C, H, W]
 * @param lanes the parts that triggers are searched in
 */
export function searchBytes(
  instance: ModelInstance,
  family: TriggerFamily,
  imageShape: readonly [number, number, number],
  { triggers, batch }: SearchSize,
  lanes: number,
): number {
  const parameters = 4 * parameterCopies * triggers * family.length(imageShape);
  const perImage = family.imageCopies * sizeOf(imageShape);
  const others = Math.min(lanes, triggers) - 1;
  return parameters + modelStepBytes(instance, triggers * batch, perImage) + others * laneBytes(instance);
}

/**
 * The model at a number of images; at the next multiple of its own batch where a file cannot be opened to that many.
 *
 * Throws what {@link examine} throws.
 */
export async function examineFor(
  setup: Pick<IdentificationSetup, "runtime" | "model" | "preprocessing" | "benign" | "features" | "outputs">,
  images: number,
): Promise<ExaminedModel> {
  const { runtime, model, preprocessing, benign, features, outputs } = setup;
  const at = (batch: number): Promise<ExaminedModel> => {
    const [, c, h, w] = benign.shape;
    return examine(runtime, model, preprocessing, [batch, c, h, w], { features, outputs });
  };
  const fixed = model.fixedBatch;
  try {
    return await at(images);
  } catch (error) {
    const isMisfit = error instanceof DrmGuardError && error.code === "E_MODEL_INPUT";
    if (!isMisfit || fixed === null || images % fixed === 0) throw error;
    return await at(Math.ceil(images / fixed) * fixed);
  }
}
