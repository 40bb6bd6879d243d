/** How many images fit into memory at once, and the model at that many. */
import { DrmGuardError } from "../../errors.ts";
import { type ExaminedModel, examine } from "../../models/examined-model.ts";
import type { ModelInstance } from "../../models/instance.ts";
import type { GeneratorOptions } from "../../models/trigger-generator.ts";
import type { IdentificationSetup } from "../identification.ts";
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

/**
 * The model at the largest batch that memory allows for steps with a generator; a smaller one than asked for is said.
 *
 * Throws what {@link examine} throws.
 *
 * @param wanted the batch that the options ask for
 */
export async function examineFitting(
  setup: IdentificationSetup,
  wanted: number,
  generator: GeneratorOptions,
): Promise<ExaminedModel> {
  const [count, c, h, w] = setup.benign.shape;
  const at = (batch: number): Promise<ExaminedModel> =>
    examine(setup.runtime, setup.model, setup.preprocessing, [batch, c, h, w], {
      features: setup.features,
      outputs: setup.outputs,
      task: setup.task ?? "regression",
    });
  const fixed = setup.model.fixedBatch;
  const small = await at(fixed ?? Math.min(2, count));
  const bytesFor = (batch: number): number => estimateStepBytes(small.instance, generator, h * w, batch);
  const batch = fittingBatch(wanted, count, setup.memoryLimit, bytesFor);
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  if (batch < wanted) {
    const why =
      batch === count
        ? `there are ${count} images`
        : `${wanted} would need about ${gigabytes(bytesFor(wanted))} of ${gigabytes(setup.memoryLimit!)}`;
    setup.onEvent({ kind: "warning", message: `batch of ${batch} instead of ${wanted}: ${why}` });
  }
  if (batch === small.batch) return small;
  if (fixed === null) return await at(batch);
  try {
    return await at(batch);
  } catch (error) {
    if (!(error instanceof DrmGuardError) || error.code !== "E_MODEL_INPUT") throw error;
    // A file that cannot be opened to other batch sizes runs at multiples of its own.
    const multiple = Math.max(1, Math.floor(batch / fixed)) * fixed;
    setup.onEvent({
      kind: "warning",
      message: `batch of ${multiple} instead of ${batch}: the model is fixed to batches of ${fixed}`,
    });
    return multiple === small.batch ? small : await at(multiple);
  }
}
