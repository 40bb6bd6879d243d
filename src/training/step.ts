/** A step of training as one program: forward, backward, update. */
import { grad } from "../autodiff/grad.ts";
import { keptAt, runningStatistics } from "../models/batch-norm.ts";
import {
  initializeNetwork,
  type NetworkArrays,
  networkInTraining,
  networkShapes,
} from "../models/networks/network.ts";
import { float32, type TensorData } from "../onnx/tensor-data.ts";
import { optimizerOf } from "../optim/optimizer.ts";
import { pack, packedLength, unpack, unpackTensors } from "../optim/packing.ts";
import { rateAt } from "../optim/schedule.ts";
import type { Random } from "../random.ts";
import { add } from "../tensor/elementwise.ts";
import { Graph, type Tensor } from "../tensor/graph.ts";
import { concat } from "../tensor/movement.ts";
import { regressionLoss } from "./losses.ts";
import type { TrainingOptions } from "./options.ts";

/** What is added to the loss: a scalar from the outputs, the features [N, m] and the rows w_j of the last layer [d, m]. */
export type Penalty = (network: {
  readonly outputs: Tensor;
  readonly features: Tensor;
  readonly rows: Tensor;
}) => Tensor;

/** Everything that a step changes, as vectors: `parameters`, `statistics` and what the optimiser keeps. */
export type TrainingState = Readonly<Record<string, Float32Array>>;

/** The names of the vectors of a state, and their lengths. */
export function stateLengths({ network, optimizer }: TrainingOptions): Record<string, number> {
  const shapes = networkShapes(network);
  const length = packedLength(shapes.parameters);
  const slots = optimizerOf(optimizer).slots.map((name) => [name, length] as const);
  return { parameters: length, statistics: packedLength(shapes.statistics), ...Object.fromEntries(slots) };
}

/** A new network and an optimiser that has not moved. Throws E_SHAPE when the options describe no network. */
export function newTrainingState(options: TrainingOptions, random: Random): TrainingState {
  const { parameters, statistics } = initializeNetwork(options.network, random);
  const zeros = Object.entries(stateLengths(options)).map(
    ([name, n]) => [name, new Float32Array(n)] as const,
  );
  return { ...Object.fromEntries(zeros), parameters: pack(parameters), statistics: pack(statistics) };
}

/** The arrays of the network in a state; they are views of it. */
export function networkOf(state: TrainingState, { network }: TrainingOptions): NetworkArrays {
  const shapes = networkShapes(network);
  return {
    parameters: unpack(state.parameters!, shapes.parameters),
    statistics: unpack(state.statistics!, shapes.statistics),
  };
}

/**
 * Writes the program of a step.
 *
 * Its inputs are `image` [N, C, H, W] in [0, 1], `labels` [N, d], the vectors of the state by their names, and the
 * scalars `step` (1 at the first), `rate` and `keep` (of the running statistics).
 *
 * @param penalty what is minimised beside the loss; null for nothing
 * @returns `loss` and `penalty`, scalars, and the vectors of the next state by their names
 */
export function trainingStep(
  options: TrainingOptions,
  penalty: Penalty | null = null,
): Record<string, Tensor> {
  const { network, batch } = options;
  const graph = new Graph();
  const image = graph.input("image", [batch, ...network.image]);
  const labels = graph.input("labels", [batch, network.outputs]);
  const state = Object.fromEntries(
    Object.entries(stateLengths(options)).map(([name, n]) => [name, graph.input(name, [n])]),
  );
  const [step, rate, keep] = ["step", "rate", "keep"].map((name) => graph.input(name, [])) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const shapes = networkShapes(network);
  const parameters = state.parameters!;
  const named = unpackTensors(parameters, shapes.parameters);
  const trained = networkInTraining(image, named, network);
  const loss = regressionLoss(options.loss, trained.outputs, labels);
  const extra = penalty?.({ ...trained, rows: named["head.weight"]! });
  const [gradient] = grad(extra === undefined ? loss : add(loss, extra), [parameters]) as [Tensor];
  const next = optimizerOf(options.optimizer).update(parameters, gradient, state, step, rate);
  const ofBatch = concat(
    shapes.statistics.map(({ name }) => trained.batchStatistics[name]!),
    0,
  );
  const statistics = runningStatistics(state.statistics!, ofBatch, keep);
  return {
    loss,
    ...(extra === undefined ? {} : { penalty: extra }),
    ...next.slots,
    parameters: next.parameter,
    statistics,
  };
}

/**
 * What the program of a step is fed, without image and labels.
 *
 * @param step from 0
 */
export function trainingFeeds(
  state: TrainingState,
  step: number,
  { schedule, statisticsMomentum }: TrainingOptions,
): Record<string, TensorData> {
  const scalar = (value: number): TensorData => float32([value], []);
  const vectors = Object.entries(state).map(([name, vector]) => [name, float32(vector)] as const);
  return {
    ...Object.fromEntries(vectors),
    step: scalar(step + 1),
    rate: scalar(rateAt(schedule, step)),
    keep: scalar(keptAt(step, statisticsMomentum)),
  };
}
