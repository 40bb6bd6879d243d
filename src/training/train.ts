/** Training from start to end. */
import type { ImageSet } from "../data/image-set.ts";
import { DrmGuardError } from "../errors.ts";
import { batchAt, pixelsOf, rowsOf } from "../loops/batches.ts";
import { areFinite, type LoopResult, runLoop } from "../loops/loop.ts";
import type { Work } from "../loops/work.ts";
import type { NetworkArrays } from "../models/networks/network.ts";
import type { TensorData } from "../onnx/tensor-data.ts";
import { rateAt } from "../optim/schedule.ts";
import { createRandom, type Random } from "../random.ts";
import { compile } from "../runtime/compile.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Companion } from "./companion.ts";
import type { TrainingOptions } from "./options.ts";
import { assertSavedState } from "./saved-state.ts";
import {
  networkOf,
  newTrainingState,
  type Penalty,
  stateLengths,
  type TrainingState,
  trainingFeeds,
  trainingStep,
} from "./step.ts";

/** The images of one step: [N, C, H, W] in [0, 1], and labels [N, d]. */
export interface TrainingBatch {
  readonly image: TensorData;
  readonly labels: TensorData;
  /** The images that a companion wants beside them, [K, C, H, W] in [0, 1]. */
  readonly others?: TensorData;
}

/** Gives the batch of a step, from 0. The same step has to give the same batch, or a run that is resumed differs. */
export type BatchSource = (step: number) => TrainingBatch;

/**
 * Batches of a set of images with labels: each epoch is a new permutation, its last short batch is dropped.
 *
 * Throws E_LABELS when the set has none, E_IMAGES when it is smaller than a batch.
 */
export function batchesOf(set: ImageSet, batch: number, random: Random): BatchSource {
  const { labels, shape } = set;
  if (labels === null) throw new DrmGuardError("E_LABELS", "found no labels, expected images with labels");
  if (shape[0] < batch) {
    throw new DrmGuardError("E_IMAGES", `found ${shape[0]} images, expected at least a batch of ${batch}`);
  }
  return (step) => {
    const indices = batchAt(step, shape[0], batch, random);
    return { image: pixelsOf(set, indices), labels: rowsOf(labels, [labels.length / shape[0]], indices) };
  };
}

/** What belongs to one run of a training and not to the network that comes of it. */
export interface TrainingRun {
  /** Where an unfinished state is saved; one for each choice of data, options and seed, which are not compared. */
  readonly key: string;
  /** Seconds since the epoch after which no step is begun; null for none. */
  readonly deadline?: number | null;
  /** What is minimised beside the loss; null for nothing. */
  readonly penalty?: Penalty | null;
  /** What is trained together with the network; null for nothing. */
  readonly companion?: Companion | null;
  /** What is measured now and then; null for nothing. */
  readonly evaluation?: Evaluation | null;
  /** The network to begin with, as {@link networkShapes} has it; null to draw it from the seed. */
  readonly initial?: NetworkArrays | null;
}

/** Measurements on the way, such as the error on images that are not trained on. */
export interface Evaluation {
  /** Steps between two measurements; the last step is always measured. */
  readonly every: number;
  /** Gives numbers by name, which become values of that step. The companion's state is null where there is none. */
  readonly measure: (
    network: NetworkArrays,
    companion: TrainingState | null,
  ) => Promise<Readonly<Record<string, number>>>;
}

/** A network that was trained. */
export interface TrainedNetwork extends NetworkArrays {
  /** Steps done; fewer than asked for when the time ran out. */
  readonly steps: number;
  /** The companion's vectors by their names; null where there was none. */
  readonly companion: TrainingState | null;
  /** `loss`, `penalty` and `companion` where there is one, and `rate` at about a hundred steps. */
  readonly history: LoopResult<unknown>["history"];
}

/**
 * Trains a network, and its companion. Their weights come from the seed alone or from another training, their batches from the source, so a run that was
 * interrupted and resumed ends with the same bits as one that was not.
 *
 * Throws E_DIVERGED when the loss is not finite, E_INTERRUPTED when it is asked to stop, E_RESUME when what is saved
 * under the key is of another network, optimiser or companion, E_SHAPE when a batch has not what the step wants.
 *
 * @param work events, checkpoints and the wish to stop
 */
export async function trainNetwork(
  runtime: Runtime,
  work: Work,
  options: TrainingOptions,
  batches: BatchSource,
  { key, deadline = null, penalty = null, companion = null, evaluation = null, initial = null }: TrainingRun,
): Promise<TrainedNetwork> {
  const lengths = stateLengths(options, companion);
  const terms = [
    "loss",
    ...(penalty === null ? [] : ["penalty"]),
    ...(companion === null ? [] : ["companion"]),
  ];
  const program = await compile(runtime, trainingStep(options, penalty, companion));
  try {
    const result = await runLoop<TrainingState>(work, {
      phase: "training the network",
      steps: options.steps,
      key,
      initial: newTrainingState(options, createRandom(options.seed).fork("weights"), companion, initial),
      deadline,
      toSaved: (state) => state,
      fromSaved: (arrays) => assertSavedState(arrays, lengths),
      async step(state, step) {
        const feeds = trainingFeeds(state, step, options, companion);
        const results = await program.run({ ...batches(step), ...feeds });
        const numbers = (name: string): Float32Array => results[name]!.data as Float32Array;
        const next = Object.fromEntries(Object.keys(lengths).map((name) => [name, numbers(name)]));
        const rate = rateAt(options.schedule, step, options.steps);
        const measures = Object.fromEntries(terms.map((name) => [name, numbers(name)[0]!]));
        const values = { ...measures, rate };
        const isMeasured =
          evaluation !== null && ((step + 1) % evaluation.every === 0 || step + 1 === options.steps);
        // What is not finite cannot be measured; the loop finds that out by itself.
        if (!isMeasured || !areFinite(next)) return { state: next, values };
        const measured = await evaluation.measure(networkOf(next, options), companionOf(next, companion));
        return { state: next, values: { ...values, ...measured }, isKept: true };
      },
    });
    const { state, steps, history } = result;
    return { ...networkOf(state, options), companion: companionOf(state, companion), steps, history };
  } finally {
    await program.release();
  }
}

function companionOf(state: TrainingState, companion: Companion | null): TrainingState | null {
  if (companion === null) return null;
  return Object.fromEntries(Object.keys(companion.lengths).map((name) => [name, state[name]!]));
}
