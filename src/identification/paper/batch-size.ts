/** How many images fit into memory at once. */
import type { ModelInstance } from "../../models/instance.ts";
import type { GeneratorOptions } from "../../models/trigger-generator.ts";
import { modelStepBytes } from "../step-bytes.ts";

/** The smallest batch whose variances still mean something. */
const smallestBatch = 8;

/**
 * Bytes of resident memory that a process takes at its fullest in the steps of the search, estimated.
 *
 * A generator's step keeps three maps for each convolution (its output, normalised, rectified) and needs a few copies
 * of the largest for its gradient. The factors are fitted to measured peaks, see bench/README.md.
 *
 * @param instance the model, at any batch size
 * @param pixels H W
 */
export function estimateStepBytes(
  instance: ModelInstance,
  { baseChannels }: GeneratorOptions,
  pixels: number,
  batch: number,
): number {
  // Channels x relative area over the 13 layers: (2 + 2/2 + 3/4 + ...) of the first level, summed by hand.
  const areaChannels = baseChannels * (2 + 4 / 4 + 8 / 16 + 4 / 64 + 6 / 16 + 3 / 4 + 2);
  const generator = areaChannels * pixels * 3 + baseChannels * pixels * 9;
  return modelStepBytes(instance, batch, generator);
}

/**
 * The largest batch, halved from the wanted one, whose step fits.
 *
 * @param wanted the batch that the options ask for
 * @param count the number of images
 * @param limit bytes; null for no limit
 */
export function fittingBatch(
  wanted: number,
  count: number,
  limit: number | null,
  bytesFor: (batch: number) => number,
): number {
  let batch = Math.min(wanted, count);
  while (limit !== null && batch > smallestBatch && bytesFor(batch) > limit)
    batch = Math.max(smallestBatch, batch >> 1);
  return batch;
}
