/** The paper's method from end to end: is there a backdoor in this model? */
import { type ImageSet, imageOf } from "../../data/image-set.ts";
import { DrmGuardError } from "../../errors.ts";
import { columnMeans, meanVarianceRatio, percentile } from "../../metrics/statistics.ts";
import { type ExaminedModel, examine } from "../../models/examined-model.ts";
import type { GeneratorOptions } from "../../models/trigger-generator.ts";
import type { EvidenceImage, Identification, IdentificationSetup } from "../identification.ts";
import { assertFiniteOutputs } from "../predict.ts";
import { estimateStepBytes, fittingBatch } from "./batch-size.ts";
import { type CleanResponses, respondToClean } from "./clean.ts";
import { createMeter, type ReversedResponses } from "./measuring.ts";
import { assertPaperOptions, type PaperOptions } from "./options.ts";
import { pretrainGenerator } from "./pretraining.ts";
import { searchTrigger } from "./search.ts";
import { judge, paperRule } from "./verdict.ts";

/** Images shown as evidence. */
const evidenceCount = 4;
/** The part of the time budget that pretraining may take when it is not cached. */
const pretrainingShare = 0.5;

/**
 * Identifies a backdoor by the paper's method: identity pretraining of G, the search of Eq. 5 and 7, the verdict of
 * Section 3.4 with its preconditions checked.
 *
 * Throws what {@link examine} throws for models that cannot be scanned, E_IMAGES for fewer than two images,
 * E_INTERRUPTED when asked to stop, E_NAN when the model gives no finite numbers, E_DIVERGED when the search does not.
 */
export async function identifyByPaper(
  setup: IdentificationSetup,
  options: PaperOptions,
): Promise<Identification> {
  assertPaperOptions(options);
  const { benign, runtime, onEvent, timeBudget } = setup;
  const [count, c] = benign.shape;
  if (count < 2) throw new DrmGuardError("E_IMAGES", `found ${count} images, expected at least 2`);
  const start = Date.now() / 1000;
  const deadline = (share: number): number | null =>
    timeBudget === null ? null : start + share * timeBudget;
  const generator: GeneratorOptions = { imageChannels: c, baseChannels: options.generatorChannels };

  const examined = await examineFitting(setup, options, generator);
  const { batch } = examined;
  const clean = await respondToClean(runtime, examined, benign, options);
  assertFiniteOutputs(clean.outputs, benign);
  const unit = unitOf(clean.outputs, options);
  const pretrained = await pretrainGenerator(setup, generator, options, batch, deadline(pretrainingShare));
  if (pretrained.fromCache) onEvent({ kind: "note", message: "pretrained generator taken from the cache" });

  const meter = await createMeter(runtime, examined, benign, clean, generator, options);
  try {
    const bar = percentile(imageNorms(benign, options), options.normPercentile);
    const before = await meter.measure(pretrained.state, 0);
    const floor = mean(before.l1) / bar;
    onEvent({
      kind: "note",
      message: `reconstruction floor ${(100 * floor).toFixed(2)} % of the largest image norm`,
    });
    const found = await searchTrigger(
      setup,
      {
        examined,
        clean,
        generator,
        state: pretrained.state,
        unitFactor: unitFactor(unit, options),
        deadline: deadline(1),
      },
      options,
    );
    const after = await meter.measure(found.state, evidenceCount);
    const collapse = {
      coneRatio: meanVarianceRatio(after.angles, clean.angles, clean.angleCount),
      outputVarianceRatio: meanVarianceRatio(after.outputs, clean.outputs, clean.dimension),
    };
    const score = mean(after.l1) / bar;
    const isComplete = found.steps === options.steps && pretrained.steps === options.pretrainingSteps;
    const judged = judge({ score, floor, ...collapse, isComplete }, options);
    return {
      method: "paper",
      ...judged,
      score,
      threshold: options.epsilon,
      margin: score / options.epsilon,
      target: columnMeans(after.outputs, clean.dimension),
      collapse,
      reconstructionFloor: floor,
      isComplete,
      terms: found.history,
      measures: {
        batch,
        searchSteps: found.steps,
        pretrainingSteps: pretrained.steps,
        largestImageNorm: bar,
        meanPerturbation: mean(after.l1),
        meanAttention: mean(clean.attention),
        paperRuleSaysBackdoored: paperRule(score, options.epsilon) === "backdoored" ? 1 : 0,
      },
      options: { ...options, unit, batch },
      notChecked: [
        "triggers that the generator cannot make from the image alone",
        "triggers in regions that the attention map protects",
        "more than one target",
      ],
      evidence: evidenceOf(benign, clean, after, evidenceCount),
    };
  } finally {
    await meter.release();
  }
}

/** The model at the largest batch that memory allows; a smaller one than asked for is said. */
async function examineFitting(
  setup: IdentificationSetup,
  options: PaperOptions,
  generator: GeneratorOptions,
): Promise<ExaminedModel> {
  const [count, c, h, w] = setup.benign.shape;
  const at = (batch: number): Promise<ExaminedModel> =>
    examine(setup.runtime, setup.model, setup.preprocessing, [batch, c, h, w], {
      features: setup.features,
      outputs: setup.outputs,
    });
  const fixed = setup.model.fixedBatch;
  const small = await at(fixed ?? Math.min(2, count));
  const bytesFor = (batch: number): number => estimateStepBytes(small.instance, generator, h * w, batch);
  const batch = fittingBatch(options.batch, count, setup.memoryLimit, bytesFor);
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  if (batch < options.batch) {
    const why =
      batch === count
        ? `there are ${count} images`
        : `${options.batch} would need about ${gigabytes(bytesFor(options.batch))} of ${gigabytes(setup.memoryLimit!)}`;
    setup.onEvent({ kind: "warning", message: `batch of ${batch} instead of ${options.batch}: ${why}` });
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

/** Beyond this an angle cannot be in radians. */
const fullTurn = 2 * Math.PI;

function unitOf(outputs: Float32Array, { unit }: PaperOptions): "radians" | "degrees" | "other" {
  if (unit !== "auto") return unit;
  return outputs.some((value) => Math.abs(value) > fullTurn) ? "degrees" : "radians";
}

function unitFactor(unit: "radians" | "degrees" | "other", { lambdaUnit }: PaperOptions): number {
  if (unit === lambdaUnit || unit === "other" || lambdaUnit === "other") return 1;
  return lambdaUnit === "degrees" ? 180 / Math.PI : Math.PI / 180;
}

function imageNorms(set: ImageSet, { l1Reduction }: PaperOptions): number[] {
  const divisor = l1Reduction === "sum" ? 1 : set.shape[1];
  return Array.from({ length: set.shape[0] }, (_, i) => {
    const total = imageOf(set, i).reduce((norm, value) => norm + Math.abs(value), 0);
    return total / divisor;
  });
}

function mean(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

function evidenceOf(
  set: ImageSet,
  clean: CleanResponses,
  reversed: ReversedResponses,
  wanted: number,
): EvidenceImage[] {
  const [count, c, h, w] = set.shape;
  const d = clean.dimension;
  return Array.from({ length: Math.min(wanted, count) }, (_, i) => ({
    name: set.names[i] ?? `image ${i}`,
    shape: [c, h, w] as const,
    clean: imageOf(set, i).slice(),
    reversed: reversed.images.slice(i * c * h * w, (i + 1) * c * h * w),
    attention: clean.attention.slice(i * h * w, (i + 1) * h * w),
    cleanOutput: [...clean.outputs.subarray(i * d, (i + 1) * d)],
    reversedOutput: [...reversed.outputs.subarray(i * d, (i + 1) * d)],
  }));
}
