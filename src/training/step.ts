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
import { addAll } from "../tensor/elementwise.ts";
import { Graph, type Tensor } from "../tensor/graph.ts";
import { concat } from "../tensor/movement.ts";
import type { Companion, CompanionInProgram, CompanionInputs } from "./companion.ts";
import { trainingLoss } from "./losses.ts";
import type { TrainingOptions } from "./options.ts";

/** What is added to the loss: a scalar from the outputs, the features [N, m] and the rows w_j of the last layer [d, m]. */
export type Penalty = (network: {
  readonly outputs: Tensor;
  readonly features: Tensor;
  readonly rows: Tensor;
}) => Tensor;

/** Everything that a step changes, as vectors: `parameters`, `statistics`, what the optimiser keeps, a companion's own. */
export type TrainingState = Readonly<Record<string, Float32Array>>;

/** The names of the vectors of a state, and their lengths. */
export function stateLengths(
  { network, optimizer }: TrainingOptions,
  companion: Companion | null = null,
): Record<string, number> {
  const shapes = networkShapes(network);
  const length = packedLength(shapes.parameters);
  const slots = optimizerOf(optimizer).slots.map((name) => [name, length] as const);
  return {
    parameters: length,
    statistics: packedLength(shapes.statistics),
    ...Object.fromEntries(slots),
    ...companion?.lengths,
  };
}

/**
 * A new network or one to go on from, an optimiser that has not moved and a new companion. Throws E_SHAPE when the options
 * describe no network.
 *
 * @param random draws the weights of the network, and in streams of their own those of the companion
 * @param network the network to go on from; null for a new one
 */
export function newTrainingState(
  options: TrainingOptions,
  random: Random,
  companion: Companion | null = null,
  network: NetworkArrays | null = null,
): TrainingState {
  const ofCompanion = companion?.initial(random.fork("companion"));
  const { parameters, statistics } = network ?? initializeNetwork(options.network, random);
  const zeros = Object.entries(stateLengths(options)).map(
    ([name, n]) => [name, new Float32Array(n)] as const,
  );
  return {
    ...Object.fromEntries(zeros),
    parameters: pack(parameters),
    statistics: pack(statistics),
    ...ofCompanion,
  };
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
 * scalars `step` (1 at the first), `rate` and `keep` (of the running statistics); with a companion also `others`
 * [K, C, H, W] where it wants some, and `companion.rate`.
 *
 * One backward pass gives the gradient of loss + penalty + companion's loss with respect to the parameters of both.
 *
 * @param penalty what is minimised beside the loss; null for nothing
 * @param companion what is trained together with the network; null for nothing
 * @returns `loss`, `penalty` and `companion`, scalars, and the vectors of the next state by their names
 */
export function trainingStep(
  options: TrainingOptions,
  penalty: Penalty | null = null,
  companion: Companion | null = null,
): Record<string, Tensor> {
  const { network, batch } = options;
  const graph = new Graph();
  const image = graph.input("image", [batch, ...network.image]);
  const labels = graph.input("labels", [batch, network.outputs]);
  const state = Object.fromEntries(
    Object.entries(stateLengths(options, companion)).map(([name, n]) => [name, graph.input(name, [n])]),
  );
  const [step, rate, keep] = ["step", "rate", "keep"].map((name) => graph.input(name, [])) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const beside = companion === null ? null : besideNetwork(companion, { image, state, step, keep });
  const shapes = networkShapes(network);
  const parameters = state.parameters!;
  const named = unpackTensors(parameters, shapes.parameters);
  const trained = networkInTraining(beside?.image ?? image, named, network);
  const terms: Record<string, Tensor> = { loss: trainingLoss(options.loss, trained.outputs, labels) };
  if (penalty !== null) terms.penalty = penalty({ ...trained, rows: named["head.weight"]! });
  if (beside !== null) terms.companion = beside.loss;
  const wrt = beside === null ? [parameters] : [parameters, beside.parameters];
  const [gradient, ofCompanion] = grad(addAll(Object.values(terms)), wrt) as [Tensor, Tensor];
  const next = optimizerOf(options.optimizer).update(parameters, gradient, state, step, rate);
  const ofBatch = concat(
    shapes.statistics.map(({ name }) => trained.batchStatistics[name]!),
    0,
  );
  const statistics = runningStatistics(state.statistics!, ofBatch, keep);
  return {
    ...terms,
    ...next.slots,
    parameters: next.parameter,
    statistics,
    ...beside?.next(ofCompanion),
  };
}

/** Adds a companion and the inputs that are its own. */
function besideNetwork(
  companion: Companion,
  shared: Pick<CompanionInputs, "image" | "state" | "step" | "keep">,
): CompanionInProgram {
  const { graph, shape } = shared.image;
  const [, ...imageShape] = shape;
  const others = companion.others === 0 ? null : graph.input("others", [companion.others, ...imageShape]);
  return companion.write({ ...shared, others, rate: graph.input("companion.rate", []) });
}

/**
 * What the program of a step is fed, without image and labels.
 *
 * @param step from 0
 */
export function trainingFeeds(
  state: TrainingState,
  step: number,
  { schedule, statisticsMomentum, steps }: TrainingOptions,
  companion: Companion | null = null,
): Record<string, TensorData> {
  const scalar = (value: number): TensorData => float32([value], []);
  const vectors = Object.entries(state).map(([name, vector]) => [name, float32(vector)] as const);
  return {
    ...Object.fromEntries(vectors),
    step: scalar(step + 1),
    rate: scalar(rateAt(schedule, step, steps)),
    keep: scalar(keptAt(step, statisticsMomentum)),
    ...(companion === null ? {} : { "companion.rate": scalar(companion.rateAt(step, steps)) }),
  };
}
