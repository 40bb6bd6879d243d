/** Training of a user's model on clean images and on images under reversed triggers: the paper's mitigation, and its plain form. */
import { examineFor } from "../identification/contrast/fitting.ts";
import { laneBytes, modelStepBytes } from "../identification/step-bytes.ts";
import { type LoopResult, runLoop } from "../loops/loop.ts";
import type { ExaminedModel } from "../models/examined-model.ts";
import { float32, type TensorData } from "../onnx/tensor-data.ts";
import { packedLength } from "../optim/packing.ts";
import { rateAt } from "../optim/schedule.ts";
import { assertSavedState } from "../training/saved-state.ts";
import { fineTuningStep, stepLanes, type TunedVectors } from "./fine-tuning-step.ts";
import type { MitigationSetup } from "./mitigation.ts";
import { assertFineTuningOptions, type FineTuningOptions } from "./options.ts";
import { type BatchRows, batchRows } from "./rows.ts";
import { type RepairErrors, weightedModel } from "./trained-model.ts";
import { climbed, type PerturbationBounds, perturbationBounds, perturbed } from "./universal-perturbation.ts";

/** What one training is. */
export interface FineTuning {
  /** Its name, which events and saved states go by. */
  readonly phase: string;
  /** The weights to begin with, [n]. */
  readonly initial: Float32Array;
  /** Whether half of each batch is under reversed triggers. */
  readonly hasTriggers: boolean;
  /** 0 for weights that are pruned and stay 0, 1 for all others, [n]; null for none. */
  readonly kept: Float32Array | null;
}

/** What came of it. */
export interface FineTuned {
  /** The weights that did best on the validation images, [n]. */
  readonly weights: Float32Array;
  /** Steps done; fewer than asked for when the time ran out. */
  readonly steps: number;
  /** After how many steps the weights were taken. */
  readonly bestStep: number;
  readonly history: LoopResult<unknown>["history"];
}

/** Before anything is measured; Infinity would not count as a finite state. */
const notMeasured = 3e38;
/** The fewest images of a step. */
const smallestBatch = 4;

/** Its average is the mean of the weights of the last steps so far; the weights themselves before. */
interface TuningState extends TunedVectors {
  readonly best: Float32Array;
  /** The validation error of the best weights, and after how many steps they were taken, [2]. */
  readonly bestAt: Float32Array;
  /** What makes triggers worse, [T C H W]; nothing where that is not wanted. */
  readonly perturbation: Float32Array;
}

/**
 * Trains a model's own weights: min over w of mean |f_w(x) - t|, over clean images and, where there are triggers, as many images under
 * them. t is the true label y, or partly what the model said of the clean image before.
 *
 * Batch norm is in inference: its running statistics stay as they are, its scale and shift are trained. A folded one is a part
 * of its convolution, and trained as that.
 *
 * Reading: the paper does not say how it fine-tunes. Rows are half and half, and varied a little; the weights of the step, or their mean up to it, whose
 * validation error is lowest are taken, which is the mean of the error on clean images and that under triggers.
 *
 * Throws E_DIVERGED, E_INTERRUPTED and E_RESUME as {@link runLoop} does, E_NO_GRADIENT when an operator has no rule, E_USAGE for options
 * out of their range.
 */
export async function fineTune(
  setup: MitigationSetup,
  options: FineTuningOptions,
  tuning: FineTuning,
): Promise<FineTuned> {
  assertFineTuningOptions(options);
  const { runtime, training, validation, weights } = setup;
  const examined = await examineForStep(setup, options.batch);
  const { batch } = examined;
  const n = packedLength(weights.packing);
  const isPerturbed = tuning.hasTriggers && options.perturbation > 0;
  const program = await fineTuningStep(setup, batch, tuning.kept, isPerturbed);
  const meter = await weightedModel(runtime, examined, setup);
  const bounds = isPerturbed ? perturbationBounds(training, options.perturbation) : null;
  const mirrored = options.mirror > 0 ? await setup.mirrored() : null;
  const plan = { ...tuning, size: batch, isPerturbed: bounds?.isPerturbed ?? [] };
  const rows = batchRows(setup, mirrored, plan, options);
  const perturbedLength = bounds?.most.length ?? 0;
  /** The outputs that are trained towards. */
  const wanted = async ({ origin, labels, teacher }: BatchRows): Promise<TensorData> => {
    if (teacher.every((part) => part === 0)) return labels;
    const d = examined.split.dimension;
    const said = await meter.outputs(weights.values, origin.data as Float32Array);
    const own = labels.data as Float32Array;
    return float32(
      own.map((value, i) => value + teacher[Math.floor(i / d)]! * (said[i]! - value)),
      labels.dims,
    );
  };
  try {
    const result = await runLoop<TuningState>(setup, {
      phase: tuning.phase,
      steps: options.steps,
      key: `${setup.runKey}-${tuning.phase.replaceAll(/\W+/g, "-")}`,
      initial: {
        weights: tuning.initial,
        m: new Float32Array(n),
        v: new Float32Array(n),
        average: tuning.initial,
        best: tuning.initial,
        bestAt: Float32Array.of(notMeasured, 0),
        perturbation: new Float32Array(perturbedLength),
      },
      deadline: setup.deadline,
      keepsEnd: true,
      toSaved: (state) => ({ ...state }),
      fromSaved: (arrays) =>
        assertSavedState(arrays, {
          weights: n,
          m: n,
          v: n,
          average: n,
          best: n,
          bestAt: 2,
          perturbation: perturbedLength,
        }),
      async step(state, step) {
        const { learningRate: rate, warmUp, averaged, steps } = options;
        const rateOfStep = rateAt({ rate, warmUp, stays: averaged > 0 }, step, steps);
        const batchOfStep = rows(step);
        const image =
          bounds === null ? batchOfStep.image : withPerturbations(batchOfStep, state.perturbation, bounds);
        const { loss, imageGradient, ...vectors } = await program.run(state, {
          image,
          wanted: await wanted(batchOfStep),
          step: step + 1,
          rate: rateOfStep,
          keep: keptOfAverage(options, step),
        });
        const perturbation =
          bounds === null
            ? state.perturbation
            : climbed(state.perturbation, imageGradient, batchOfStep.perturbed, bounds);
        const next = { ...vectors, perturbation };
        const { average } = vectors;
        const values = { loss };
        const isMeasured = (step + 1) % options.evaluateEvery === 0 || step + 1 === options.steps;
        // What is not finite cannot be measured; the loop finds that out by itself.
        if (!isMeasured || !Number.isFinite(values.loss)) return { state: { ...state, ...next }, values };
        const errors = await meter.errors(average, validation);
        return {
          state: { ...next, ...bestOf(state, average, scoreOf(errors, tuning.hasTriggers), step + 1) },
          values: { ...values, ...namedErrors(errors) },
          isKept: true,
        };
      },
    });
    const { state, steps, history } = result;
    const isMeasured = state.bestAt[0]! < notMeasured;
    return {
      weights: isMeasured ? state.best : state.average,
      steps,
      bestStep: isMeasured ? state.bestAt[1]! : steps,
      history,
    };
  } finally {
    await program.release();
    await meter.release();
  }
}

/**
 * The part of the average that stays in a step, for it to be the mean of the weights of the last steps, this one among them; 0 before these, for the weights as they are.
 *
 * At a constant rate weights wander around a minimum, and their mean lies nearer to it than any of them. Source: Izmailov et al. 2018, "Averaging weights leads to wider
 * optima and better generalization".
 */
function keptOfAverage({ averaged, steps }: FineTuningOptions, step: number): number {
  const before = Math.max(0, step - Math.floor((1 - averaged) * steps));
  return before / (before + 1);
}

function withPerturbations(
  { image, perturbed: triggers }: BatchRows,
  perturbation: Float32Array,
  bounds: PerturbationBounds,
): TensorData {
  return float32(perturbed(image.data as Float32Array, triggers, perturbation, bounds), image.dims);
}

/** What weights are chosen by: the mean of the error on clean images and the mean error under triggers. */
function scoreOf({ clean, triggered }: RepairErrors, hasTriggers: boolean): number {
  return hasTriggers && triggered.length > 0 ? (clean + mean(triggered)) / 2 : clean;
}

function bestOf(
  { best, bestAt }: TuningState,
  weights: Float32Array,
  score: number,
  steps: number,
): Pick<TuningState, "best" | "bestAt"> {
  return score < bestAt[0]! ? { best: weights, bestAt: Float32Array.of(score, steps) } : { best, bestAt };
}

/** Errors as values of a step. */
export function namedErrors({ clean, triggered }: RepairErrors): Record<string, number> {
  return { cleanError: clean, ...(triggered.length === 0 ? {} : { triggeredError: mean(triggered) }) };
}

const mean = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0) / values.length;

/** The model at the largest batch that memory allows. */
export async function examineForStep(setup: MitigationSetup, wanted: number): Promise<ExaminedModel> {
  const { model, training, memoryLimit, weights } = setup;
  const at = { ...setup, benign: training.clean };
  const small = await examineFor(at, model.fixedBatch ?? Math.min(2, wanted));
  const { instance } = small;
  // Weights, their gradient, Adam's means, the average and the best ones, old and new.
  const extra = 4 * 12 * packedLength(weights.packing);
  const others = stepLanes(setup) - 1;
  const bytesFor = (size: number): number =>
    modelStepBytes(instance, size, 0) + extra + others * laneBytes(instance);
  let batch = wanted;
  while (memoryLimit !== null && batch > smallestBatch && bytesFor(batch) > memoryLimit) batch >>= 1;
  if (batch < wanted) {
    setup.onEvent({
      kind: "warning",
      message: `batch of ${batch} instead of ${wanted}: more would not fit into ${(memoryLimit! / 1e9).toFixed(1)} GB`,
    });
  }
  return batch === small.batch ? small : await examineFor(at, batch);
}
