/** G_theta while it is trained: parameters, Adam's means, running statistics, as plain arrays. */

import { grad } from "../../autodiff/grad.ts";
import { keptAt, runningStatistics } from "../../models/batch-norm.ts";
import {
  type GeneratorOptions,
  initializeGenerator,
  initializeStatistics,
  triggerGenerator,
} from "../../models/trigger-generator.ts";
import { float32, type TensorData } from "../../onnx/tensor-data.ts";
import { adamStep } from "../../optim/adam.ts";
import { type Packing, pack, packedLength, packingOf, unpackTensors } from "../../optim/packing.ts";
import type { Random } from "../../random.ts";
import type { Tensor } from "../../tensor/graph.ts";
import { concat } from "../../tensor/movement.ts";

/** Everything that a step changes. */
export interface GeneratorState {
  readonly parameters: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
  readonly statistics: Float32Array;
}

/** A new generator with an optimiser that has not moved. */
export function newGeneratorState(options: GeneratorOptions, random: Random): GeneratorState {
  return withFreshOptimizer({
    parameters: pack(initializeGenerator(options, random)),
    statistics: pack(initializeStatistics(options)),
  });
}

/** The same generator with an optimiser that has not moved. */
export function withFreshOptimizer({
  parameters,
  statistics,
}: Pick<GeneratorState, "parameters" | "statistics">): GeneratorState {
  const zeros = (): Float32Array => new Float32Array(parameters.length);
  return { parameters, statistics, m: zeros(), v: zeros() };
}

/** The packings of parameters and statistics. */
export function generatorPackings(options: GeneratorOptions): { parameters: Packing; statistics: Packing } {
  // Only the names and shapes are wanted; the numbers do not matter.
  const shapesOnly: Random = { ...({} as Random), uniform: () => 0.5 };
  return {
    parameters: packingOf(initializeGenerator(options, shapesOnly)),
    statistics: packingOf(initializeStatistics(options)),
  };
}

/** G in training inside a program, with the inputs that hold its state. */
export interface TrainedGenerator {
  /** G(x), normalised by the batch. */
  readonly image: Tensor;
  /**
   * The state after one step of Adam on a loss, to be asked for as outputs of the program.
   *
   * @param loss a scalar
   */
  readonly update: (loss: Tensor) => Record<keyof GeneratorState, Tensor>;
}

/** Adds G and its state to a program. The inputs are named `parameters`, `m`, `v`, `statistics`, `step`, `keep`. */
export function trainGenerator(x: Tensor, options: GeneratorOptions, learningRate: number): TrainedGenerator {
  const graph = x.graph;
  const packings = generatorPackings(options);
  const size = packedLength(packings.parameters);
  const [parameter, m, v] = ["parameters", "m", "v"].map((name) => graph.input(name, [size])) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const statistics = graph.input("statistics", [packedLength(packings.statistics)]);
  const step = graph.input("step", []);
  const keep = graph.input("keep", []);
  const { image, batchStatistics } = triggerGenerator(
    x,
    unpackTensors(parameter, packings.parameters),
    null,
    options,
  );
  const batch = concat(
    packings.statistics.map(({ name }) => batchStatistics[name]!),
    0,
  );
  return {
    image,
    update(loss) {
      const [gradient] = grad(loss, [parameter]) as [Tensor];
      const next = adamStep({ parameter, m, v }, gradient, step, learningRate);
      const running = runningStatistics(statistics, batch, keep);
      return { parameters: next.parameter, m: next.m, v: next.v, statistics: running };
    },
  };
}

/**
 * What a training program is fed at one step.
 *
 * @param step from 0
 */
export function stateFeeds(
  state: GeneratorState,
  step: number,
  momentum: number,
): Record<string, TensorData> {
  const scalar = (value: number): TensorData => float32([value], []);
  return {
    parameters: float32(state.parameters),
    m: float32(state.m),
    v: float32(state.v),
    statistics: float32(state.statistics),
    step: scalar(step + 1),
    keep: scalar(keptAt(step, momentum)),
  };
}

/** The state that a training program gave. */
export function stateFrom(results: Readonly<Record<string, TensorData>>): GeneratorState {
  const array = (name: string): Float32Array => results[name]!.data as Float32Array;
  return { parameters: array("parameters"), m: array("m"), v: array("v"), statistics: array("statistics") };
}
