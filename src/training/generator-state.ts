/** G_theta while it is trained: parameters, Adam's means, running statistics, as plain arrays. */

import { type GradientOptions, grad } from "../autodiff/grad.ts";
import { keptAt, runningStatistics } from "../models/batch-norm.ts";
import {
  type GeneratorOptions,
  generatorPackings,
  initializeGenerator,
  initializeStatistics,
  triggerGenerator,
} from "../models/trigger-generator.ts";
import { float32, type TensorData } from "../onnx/tensor-data.ts";
import { type AdamOptions, adamDefaults, adamStep } from "../optim/adam.ts";
import { pack, packedLength, unpackTensors } from "../optim/packing.ts";
import type { Random } from "../random.ts";
import type { Tensor } from "../tensor/graph.ts";
import { concat } from "../tensor/movement.ts";

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

/** The lengths of the vectors of a state. */
export function generatorLengths(options: GeneratorOptions): Record<keyof GeneratorState, number> {
  const packings = generatorPackings(options);
  const size = packedLength(packings.parameters);
  return { parameters: size, m: size, v: size, statistics: packedLength(packings.statistics) };
}

/** The scalars of a step. */
export interface StepScalars {
  /** 1 at the first step. */
  readonly step: Tensor;
  /** The learning rate. */
  readonly rate: Tensor | number;
  /** The weight that running statistics keep. */
  readonly keep: Tensor;
}

/** G in training inside a program. */
export interface GeneratorInTraining {
  /** G(x), normalised by the batch. */
  readonly image: Tensor;
  /**
   * The state after one step of Adam.
   *
   * @param gradient of what is minimised, with respect to the parameters
   */
  readonly next: (
    gradient: Tensor,
    scalars: StepScalars,
    adam?: AdamOptions,
  ) => Record<keyof GeneratorState, Tensor>;
}

/**
 * Adds G in training to a program.
 *
 * @param x [N, C, H, W]
 * @param state vectors of the lengths that {@link generatorLengths} gives
 */
export function generatorInTraining(
  x: Tensor,
  state: Readonly<Record<keyof GeneratorState, Tensor>>,
  options: GeneratorOptions,
): GeneratorInTraining {
  const packings = generatorPackings(options);
  const { image, batchStatistics } = triggerGenerator(
    x,
    unpackTensors(state.parameters, packings.parameters),
    null,
    options,
  );
  const ofBatch = concat(
    packings.statistics.map(({ name }) => batchStatistics[name]!),
    0,
  );
  return {
    image,
    next(gradient, { step, rate, keep }, adam = adamDefaults) {
      const slot = { parameter: state.parameters, m: state.m, v: state.v };
      const { parameter, m, v } = adamStep(slot, gradient, step, rate, adam);
      return { parameters: parameter, m, v, statistics: runningStatistics(state.statistics, ofBatch, keep) };
    },
  };
}

/** G in training with inputs of the program that hold its state. */
export interface TrainedGenerator {
  /** G(x), normalised by the batch. */
  readonly image: Tensor;
  /**
   * The state after one step of Adam on a loss, to be asked for as outputs of the program.
   *
   * @param loss a scalar
   * @param options what is known of the runtime, where the loss depends on a network with constant weights
   */
  readonly update: (loss: Tensor, options?: GradientOptions) => Record<keyof GeneratorState, Tensor>;
}

/** Adds G and its state to a program. The inputs are named `parameters`, `m`, `v`, `statistics`, `step`, `keep`. */
export function trainGenerator(
  x: Tensor,
  options: GeneratorOptions,
  rate: Tensor | number,
  adam: AdamOptions = adamDefaults,
): TrainedGenerator {
  const { graph } = x;
  const inputs = Object.fromEntries(
    Object.entries(generatorLengths(options)).map(([name, n]) => [name, graph.input(name, [n])]),
  ) as Record<keyof GeneratorState, Tensor>;
  const scalars = { step: graph.input("step", []), rate, keep: graph.input("keep", []) };
  const { image, next } = generatorInTraining(x, inputs, options);
  return {
    image,
    update(loss, options) {
      const [gradient] = grad(loss, [inputs.parameters], options) as [Tensor];
      return next(gradient, scalars, adam);
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
