/** The two networks of the input-aware attack: G makes patterns, M makes masks; both have the body of the trigger generator. */
import {
  type GeneratorOptions,
  generatorPackings,
  triggerGenerator,
} from "../../models/trigger-generator.ts";
import { float32, type TensorData } from "../../onnx/tensor-data.ts";
import type { AdamOptions } from "../../optim/adam.ts";
import { unpack } from "../../optim/packing.ts";
import type { Tensor } from "../../tensor/graph.ts";
import type { GeneratorState } from "../../training/generator-state.ts";

/** What the publication trains both with. */
export const inputAwareAdam: AdamOptions = { beta1: 0.5, beta2: 0.9, epsilon: 1e-8 };

/** A trained network without what its optimiser kept: packed parameters and running statistics. */
export type FrozenGenerator = Pick<GeneratorState, "parameters" | "statistics">;

/** G: as many channels as the images have. */
export function patternNetwork(imageChannels: number, baseChannels: number): GeneratorOptions {
  return { imageChannels, baseChannels };
}

/** M: one channel. */
export function maskNetwork(imageChannels: number, baseChannels: number): GeneratorOptions {
  return { imageChannels, baseChannels, outputChannels: 1 };
}

/**
 * Adds a trained network to a program, in inference, its arrays as constants.
 *
 * Throws E_SHAPE when the arrays are those of another network.
 *
 * @param x [N, C, H, W] in [0, 1]
 * @returns [N, outputChannels, H, W] in (0, 1)
 */
export function frozenGenerator(
  x: Tensor,
  { parameters, statistics }: FrozenGenerator,
  options: GeneratorOptions,
): Tensor {
  const packings = generatorPackings(options);
  const constants = (arrays: Readonly<Record<string, TensorData>>): Record<string, Tensor> =>
    Object.fromEntries(
      Object.entries(arrays).map(([name, { data, dims }]) => [
        name,
        x.graph.constant(float32(data as Float32Array, dims)),
      ]),
    );
  return triggerGenerator(
    x,
    constants(unpack(parameters, packings.parameters)),
    constants(unpack(statistics, packings.statistics)),
    options,
  ).image;
}
