/** The paper's method from end to end: is there a backdoor in this model? */
import { DrmGuardError } from "../../errors.ts";
import { classesOf, commonestOf } from "../../metrics/accuracy.ts";
import { columnMeans, meanVarianceRatio, percentile, totalVarianceRatio } from "../../metrics/statistics.ts";
import type { GeneratorOptions } from "../../models/trigger-generator.ts";
import { evidenceCount, evidenceOf, responsePair } from "../evidence.ts";
import type { Identification, IdentificationSetup } from "../identification.ts";
import { assertFiniteOutputs } from "../predict.ts";
import { examineFitting } from "./batch-size.ts";
import { assertClassificationOptions } from "./classification-options.ts";
import { respondToClean } from "./clean.ts";
import { imageNorms, meanOf } from "./image-norms.ts";
import { createMeter } from "./measuring.ts";
import { assertPaperOptions, type PaperOptions } from "./options.ts";
import { pretrainGenerator } from "./pretraining.ts";
import { searchTrigger } from "./search.ts";
import { judge, paperRule } from "./verdict.ts";

/** The part of the time budget that pretraining may take when it is not cached. */
const pretrainingShare = 0.5;

/**
 * Identifies a backdoor by the paper's method: identity pretraining of G, the search of Eq. 5 and 7, for classifiers of Eq. 10, and
 * the verdict of Section 3.4 with its preconditions checked.
 *
 * Throws what {@link examineFitting} throws for models that cannot be scanned, E_IMAGES for fewer than two images,
 * E_INTERRUPTED when asked to stop, E_NAN when the model gives no finite numbers, E_DIVERGED when the search does not.
 */
export async function identifyByPaper(
  setup: IdentificationSetup,
  options: PaperOptions,
): Promise<Identification> {
  assertPaperOptions(options);
  const { benign, runtime, onEvent, timeBudget, task = "regression" } = setup;
  const isClassifier = task === "classification";
  if (isClassifier) assertClassificationOptions(options);
  const [count, c] = benign.shape;
  if (count < 2) throw new DrmGuardError("E_IMAGES", `found ${count} images, expected at least 2`);
  const start = Date.now() / 1000;
  const deadline = (share: number): number | null =>
    timeBudget === null ? null : start + share * timeBudget;
  const generator: GeneratorOptions = { imageChannels: c, baseChannels: options.generatorChannels };

  const examined = await examineFitting(setup, options.batch, generator);
  const { batch } = examined;
  const clean = await respondToClean(runtime, examined, benign, options, task);
  assertFiniteOutputs(clean.outputs, benign);
  const unit = unitOf(clean.outputs, options);
  const pretrained = await pretrainGenerator(setup, generator, options, batch, deadline(pretrainingShare));
  if (pretrained.fromCache) onEvent({ kind: "note", message: "pretrained generator taken from the cache" });

  const meter = await createMeter(runtime, examined, benign, clean.attention, generator, options, task);
  try {
    const bar = percentile(imageNorms(benign, options), options.normPercentile);
    const before = await meter.measure(pretrained.state, 0);
    const floor = meanOf(before.l1) / bar;
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
      // A class that no clean image is of has next to no variance, and a ratio of its own would say nothing.
      outputVarianceRatio: (isClassifier ? totalVarianceRatio : meanVarianceRatio)(
        after.outputs,
        clean.outputs,
        clean.dimension,
      ),
    };
    const score = meanOf(after.l1) / bar;
    const isComplete = found.steps === options.steps && pretrained.steps === options.pretrainingSteps;
    const coneRatio = isClassifier ? null : collapse.coneRatio;
    const judged = judge({ ...collapse, score, floor, coneRatio, isComplete }, options);
    const chosen = isClassifier ? commonestOf(classesOf(after.outputs, clean.dimension)) : null;
    return {
      method: "paper",
      ...judged,
      score,
      threshold: options.epsilon,
      margin: score / options.epsilon,
      target: chosen === null ? columnMeans(after.outputs, clean.dimension) : [chosen.value],
      collapse,
      reconstructionFloor: floor,
      isComplete,
      terms: found.history,
      measures: {
        batch,
        searchSteps: found.steps,
        pretrainingSteps: pretrained.steps,
        largestImageNorm: bar,
        meanPerturbation: meanOf(after.l1),
        meanAttention: meanOf(clean.attention),
        ...(chosen === null ? {} : { targetShare: chosen.share }),
        paperRuleSaysBackdoored: paperRule(score, options.epsilon) === "backdoored" ? 1 : 0,
      },
      options: { ...options, unit, batch },
      notChecked: [
        "triggers that the generator cannot make from the image alone",
        ...(options.attention === "none" ? [] : ["triggers in regions that the attention map protects"]),
        "more than one target",
      ],
      evidence: evidenceOf(benign, {
        clean,
        reversed: after,
        attention: isClassifier ? null : clean.attention,
      }),
      responses: responsePair(clean, after),
    };
  } finally {
    await meter.release();
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
