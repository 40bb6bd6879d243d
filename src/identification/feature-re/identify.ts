/** FeatureRE for regression from end to end. */
import { DrmGuardError } from "../../errors.ts";
import {
  columnMeans,
  columnVariances,
  meanScaledDistance,
  meanVarianceRatio,
  percentile,
} from "../../metrics/statistics.ts";
import { assertOneFeatureVector } from "../../models/apply-head.ts";
import type { GeneratorOptions } from "../../models/trigger-generator.ts";
import { assertOutputsVary } from "../clean-outputs.ts";
import { respondToClean } from "../contrast/measuring.ts";
import { evidenceCount, evidenceOf, responsePair } from "../evidence.ts";
import type { Identification, IdentificationSetup } from "../identification.ts";
import { examineFitting } from "../paper/batch-size.ts";
import { imageNorms, meanOf } from "../paper/image-norms.ts";
import { createMeter } from "../paper/measuring.ts";
import { pretrainGenerator } from "../paper/pretraining.ts";
import { assertFiniteOutputs } from "../predict.ts";
import { featureMoments, generatorOf, mixedOutputs } from "./measuring.ts";
import { assertFeatureReOptions, type FeatureReOptions } from "./options.ts";
import { searchFeatures } from "./search.ts";
import { judge } from "./verdict.ts";

/** The part of the time budget that pretraining may take when it is not cached. */
const pretrainingShare = 0.5;
/** ||.||_1 as a sum over pixels and channels, as the paper's method has it. */
const norm = { l1Reduction: "sum" } as const;

/**
 * Searches for a backdoor by FeatureRE (Wang et al. 2022), in the form that the paper gives it for regression in Eq. 9: a generator, a
 * mask of features and a target are optimised together. The score is (1/N) sum_i ||G(x_i) - x_i||_1 / ||x_hat||_1, by which the paper
 * ranks models; there is no verdict unless `rule=threshold` asks for one.
 *
 * Throws what examining the model throws, E_IMAGES for fewer than two images, E_MODEL_OUTPUT when the outputs do not depend on one
 * feature vector alone or one does not depend on the image, E_USAGE for options out of their range, E_INTERRUPTED when asked to
 * stop, E_NAN when the model gives no finite numbers, E_DIVERGED when the search does not.
 */
export async function identifyByFeatureRe(
  setup: IdentificationSetup,
  options: FeatureReOptions,
): Promise<Identification> {
  assertFeatureReOptions(options);
  const { benign, runtime, onEvent, timeBudget } = setup;
  const [count, c] = benign.shape;
  if (count < 2) throw new DrmGuardError("E_IMAGES", `found ${count} images, expected at least 2`);
  const start = Date.now() / 1000;
  const deadline = (share: number): number | null =>
    timeBudget === null ? null : start + share * timeBudget;
  const generator: GeneratorOptions = { imageChannels: c, baseChannels: options.generatorChannels };

  const examined = await examineFitting(setup, options.batch, generator);
  const { batch } = examined;
  assertOneFeatureVector(examined);
  const clean = await respondToClean(runtime, examined, benign);
  const { dimension } = clean;
  assertFiniteOutputs(clean.outputs, benign);
  assertOutputsVary(clean.outputs, dimension);
  const moments = await featureMoments(runtime, examined, benign);
  const scale = {
    mean: columnMeans(clean.outputs, dimension),
    std: columnVariances(clean.outputs, dimension).map(Math.sqrt),
    featureStd: moments.std,
    largestNorm: percentile(imageNorms(benign, norm), options.normPercentile),
  };
  const pretrained = await pretrainGenerator(setup, generator, options, batch, deadline(pretrainingShare));
  if (pretrained.fromCache) onEvent({ kind: "note", message: "pretrained generator taken from the cache" });

  const meter = await createMeter(runtime, examined, benign, null, generator, norm);
  try {
    const before = await meter.measure(pretrained.state, 0);
    const floor = meanOf(before.l1) / scale.largestNorm;
    onEvent({
      kind: "note",
      message: `reconstruction floor ${(100 * floor).toFixed(2)} % of the largest image norm`,
    });
    const searchStart = { examined, scale, generator, state: pretrained.state, deadline: deadline(1) };
    const found = await searchFeatures(setup, searchStart, options);
    const after = await meter.measure(found.state, evidenceCount);

    const mask = Array.from(found.state.mask, (value) => Math.tanh(value) / 2 + 0.5);
    const reversed = await featureMoments(runtime, examined, benign, generatorOf(found.state, generator));
    const replacement = mask.map((value, k) => value * reversed.mean[k]!);
    const mixed = await mixedOutputs(runtime, examined, benign, mask, replacement);
    const wanted = Array.from(found.state.target, (value, j) => scale.mean[j]! + scale.std[j]! * value);
    const error = meanScaledDistance(mixed, wanted, scale.std);
    const score = meanOf(after.l1) / scale.largestNorm;
    const isComplete = found.steps === options.steps && pretrained.steps === options.pretrainingSteps;
    return {
      method: "feature-re",
      ...judge({ score, error, isComplete }, options),
      score,
      threshold: options.epsilon,
      margin: score / options.epsilon,
      target: columnMeans(after.outputs, dimension),
      collapse: {
        coneRatio: meanVarianceRatio(after.angles, clean.angles, clean.angleCount),
        outputVarianceRatio: meanVarianceRatio(after.outputs, clean.outputs, dimension),
      },
      reconstructionFloor: floor,
      isComplete,
      terms: found.history,
      measures: {
        batch,
        searchSteps: found.steps,
        pretrainingSteps: pretrained.steps,
        largestImageNorm: scale.largestNorm,
        meanPerturbation: meanOf(after.l1),
        mixedError: error,
        mixedVarianceRatio: meanVarianceRatio(mixed, clean.outputs, dimension),
        spread: weighted(reversed.std, mask) / weighted(moments.std, mask),
        maskShare: mask.reduce((total, value) => total + value, 0) / mask.length,
        ...Object.fromEntries(wanted.map((value, j) => [`y_t ${j}`, value])),
      },
      options: { ...options, batch },
      notChecked: [
        "triggers that the generator cannot make from the image alone",
        "backdoors that show in no few features of the last layer",
        "more than one target",
      ],
      evidence: evidenceOf(benign, { clean, reversed: after, attention: null }),
      responses: responsePair(clean, after),
    };
  } finally {
    await meter.release();
  }
}

/** Keeps a quotient of spreads finite where the mask holds no feature that changes. */
const smallest = 1e-12;

function weighted(values: readonly number[], weights: readonly number[]): number {
  return values.reduce((total, value, k) => total + value * weights[k]!, smallest);
}
