/** Neural Cleanse for regression from end to end: is one mask much smaller than the others? */
import { columnMeans, meanScaledDistance, meanVarianceRatio } from "../../metrics/statistics.ts";
import { deadlineOf, measureClean } from "../contrast/clean-measure.ts";
import { coneRatioOf, respondToTrigger } from "../contrast/measuring.ts";
import { evidenceCount, evidenceOf, responsePair } from "../evidence.ts";
import { patch } from "../families/patch.ts";
import type { Identification, IdentificationSetup } from "../identification.ts";
import { assertNeuralCleanseOptions, type NeuralCleanseOptions } from "./options.ts";
import { type CleansedStart, searchMasks } from "./search.ts";
import { judge, outlierOf, thresholdOf } from "./verdict.ts";

/** The score where no mask works: that of the whole image. */
const wholeImage = 1;

/**
 * Identifies a backdoor by Neural Cleanse (Wang et al. 2019), in the form that the paper gives it for regression in Eq. 8: mask,
 * pattern and target are optimised together. The score is the smallest |m| / (H W), by which the paper ranks models; the threshold is
 * the size below which it would be an outlier beside the masks of targets that stand still.
 *
 * Throws what examining the model throws, E_IMAGES for fewer than two images, E_MODEL_OUTPUT when an output does not
 * depend on the image, E_USAGE for options out of their range, E_INTERRUPTED when asked to stop, E_NAN when the model gives no
 * finite numbers, E_DIVERGED when the search does not.
 */
export async function identifyByNeuralCleanse(
  setup: IdentificationSetup,
  options: NeuralCleanseOptions,
): Promise<Identification> {
  assertNeuralCleanseOptions(options);
  const { benign, runtime, timeBudget } = setup;
  const deadline = deadlineOf(timeBudget);
  const { examined, clean, scale } = await measureClean(setup);
  const search = await searchMasks({ setup, options, scale, deadline });

  const { starts } = search;
  const reached = starts.filter(({ size }) => size !== null);
  const heldSizes = reached.filter(({ isFree, isSettled }) => !isFree && isSettled).map(({ size }) => size!);
  const smallest = reached.reduce<CleansedStart | null>(
    (low, each) => (low === null || each.size! < low.size! ? each : low),
    null,
  );
  const shown = smallest ?? starts[0]!;
  const after = await respondToTrigger(runtime, examined, benign, patch, shown.theta, evidenceCount);
  const target = columnMeans(after.outputs, after.dimension);
  const wholeError = meanScaledDistance(after.outputs, shown.target, scale.std);
  const outlier = heldSizes.length === 0 ? null : outlierOf(smallest!.size!, heldSizes);
  const score = smallest?.size ?? wholeImage;
  const threshold = outlier === null ? wholeImage : thresholdOf(outlier, options);
  return {
    method: "neural-cleanse",
    ...judge(
      {
        outlier,
        settled: heldSizes.length,
        wholeError: smallest === null ? null : wholeError,
        isComplete: search.isComplete,
      },
      options,
    ),
    score,
    threshold,
    margin: score / threshold,
    target,
    collapse: {
      coneRatio: coneRatioOf(after, clean),
      outputVarianceRatio: meanVarianceRatio(after.outputs, clean.outputs, clean.dimension),
    },
    reconstructionFloor: null,
    isComplete: search.isComplete,
    terms: search.history,
    measures: {
      batch: search.batch,
      searchSteps: search.steps,
      reached: reached.length,
      settled: starts.filter(({ isSettled }) => isSettled).length,
      wholeError,
      // Those that did not work have no size.
      ...Object.fromEntries(
        starts.flatMap(({ size }, k) => (size === null ? [] : [[`size of start ${k}`, size]])),
      ),
      ...(outlier === null ? {} : { medianHeldSize: outlier.median }),
      ...(outlier !== null && Number.isFinite(outlier.index) ? { anomalyIndex: outlier.index } : {}),
    },
    options: { ...options },
    triggers: smallest === null ? [] : [{ family: "patch", theta: smallest.theta, target, score }],
    notChecked: [
      "triggers that are no patch at one place",
      "targets that no free start led to",
      "more than one target",
    ],
    evidence: evidenceOf(benign, { clean, reversed: after, attention: null }),
    responses: responsePair(clean, after),
  };
}
