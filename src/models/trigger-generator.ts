/**
 * The trigger generator G_theta: the paper takes the one of the input-aware attack (Nguyen and Tran 2020), an
 * autoencoder of 13 convolutions with batch norm, three poolings and three upsamplings.
 */
import { string } from "../onnx/model.ts";
import { float32, int64, type TensorData, zeros } from "../onnx/tensor-data.ts";
import type { Packing } from "../optim/packing.ts";
import type { Random } from "../random.ts";
import { conv, maxPool } from "../tensor/convolution.ts";
import { add, div, relu, tanh } from "../tensor/elementwise.ts";
import type { Tensor } from "../tensor/graph.ts";
import { normalizeByBatch, normalizeByStatistics } from "./batch-norm.ts";

/** One convolution and what stands around it. */
interface Layer {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly before?: "upsample";
  readonly after?: "pool";
  readonly isLast?: true;
}

/** How large a generator is. */
export interface GeneratorOptions {
  /** Channels of the images. */
  readonly imageChannels: number;
  /** Channels of what is made; those of the images unless given. */
  readonly outputChannels?: number;
  /** Channels of the first level; the paper's is 32, doubling at each of the two next. */
  readonly baseChannels: number;
}

/** The paper's size. */
export const generatorDefaults: GeneratorOptions = { imageChannels: 3, baseChannels: 32 };

/** The table of layers: encoder, middle, decoder. */
function layersOf({
  imageChannels,
  outputChannels = imageChannels,
  baseChannels: c,
}: GeneratorOptions): Layer[] {
  return [
    { name: "encode1a", from: imageChannels, to: c },
    { name: "encode1b", from: c, to: c, after: "pool" },
    { name: "encode2a", from: c, to: 2 * c },
    { name: "encode2b", from: 2 * c, to: 2 * c, after: "pool" },
    { name: "encode3a", from: 2 * c, to: 4 * c },
    { name: "encode3b", from: 4 * c, to: 4 * c, after: "pool" },
    { name: "middle", from: 4 * c, to: 4 * c },
    { name: "decode3a", from: 4 * c, to: 4 * c, before: "upsample" },
    { name: "decode3b", from: 4 * c, to: 2 * c },
    { name: "decode2a", from: 2 * c, to: 2 * c, before: "upsample" },
    { name: "decode2b", from: 2 * c, to: c },
    { name: "decode1a", from: c, to: c, before: "upsample" },
    { name: "decode1b", from: c, to: outputChannels, isLast: true },
  ];
}

/** Parameters by name: `<layer>.weight [to, from, 3, 3]`, `.bias`, `.gamma`, `.beta` [to]. */
export type Parameters = Readonly<Record<string, TensorData>>;

/** Running means and variances by name: `<layer>.mean`, `<layer>.variance` [to]. */
export type Statistics = Readonly<Record<string, TensorData>>;

/**
 * The parameters of a new generator.
 *
 * Reading: neither the paper nor the attack says how; Glorot's uniform with zero biases is what the authors'
 * framework does by default.
 */
export function initializeGenerator(options: GeneratorOptions, random: Random): Parameters {
  const entries = layersOf(options).flatMap(({ name, from, to }) => {
    const bound = Math.sqrt(6 / (9 * from + 9 * to));
    const weight = Float32Array.from({ length: to * from * 9 }, () => bound * (2 * random.uniform() - 1));
    return [
      [`${name}.weight`, float32(weight, [to, from, 3, 3])],
      [`${name}.bias`, zeros("float32", [to])],
      [`${name}.gamma`, float32(new Float32Array(to).fill(1))],
      [`${name}.beta`, zeros("float32", [to])],
    ] as const;
  });
  return Object.fromEntries(entries);
}

/** Running statistics before any training: mean 0, variance 1. */
export function initializeStatistics(options: GeneratorOptions): Statistics {
  const entries = layersOf(options).flatMap(
    ({ name, to }) =>
      [
        [`${name}.mean`, zeros("float32", [to])],
        [`${name}.variance`, float32(new Float32Array(to).fill(1))],
      ] as const,
  );
  return Object.fromEntries(entries);
}

/** The order and shapes of a generator's parameters and statistics in their vectors. */
export function generatorPackings(options: GeneratorOptions): { parameters: Packing; statistics: Packing } {
  const layers = layersOf(options);
  return {
    parameters: layers.flatMap(({ name, from, to }) => [
      { name: `${name}.weight`, shape: [to, from, 3, 3] },
      { name: `${name}.bias`, shape: [to] },
      { name: `${name}.gamma`, shape: [to] },
      { name: `${name}.beta`, shape: [to] },
    ]),
    statistics: layers.flatMap(({ name, to }) => [
      { name: `${name}.mean`, shape: [to] },
      { name: `${name}.variance`, shape: [to] },
    ]),
  };
}

/** What a generator makes in a program. */
export interface GeneratorOutput {
  /** [N, outputChannels, H, W] in (0, 1) */
  readonly image: Tensor;
  /** In training: the mean and variance of this batch, by the names of {@link Statistics}; empty in inference. */
  readonly batchStatistics: Readonly<Record<string, Tensor>>;
}

/**
 * Adds G_theta to a program: G(x) = tanh(z) / (2 + 1e-7) + 0.5.
 *
 * Deviation: images whose sides 8 does not divide are brought back to their size on the way up, so every size works.
 *
 * @param x [N, C, H, W]
 * @param parameters tensors of the shapes that {@link initializeGenerator} gives
 * @param statistics tensors of running statistics for inference; null to normalise by the batch (training)
 */
export function triggerGenerator(
  x: Tensor,
  parameters: Readonly<Record<string, Tensor>>,
  statistics: Readonly<Record<string, Tensor>> | null,
  options: GeneratorOptions,
): GeneratorOutput {
  const batchStatistics: Record<string, Tensor> = {};
  const sizes: (readonly number[])[] = [];
  let h = x;
  for (const { name, before, after, isLast } of layersOf(options)) {
    const of = (part: string): Tensor => parameters[`${name}.${part}`]!;
    if (before === "upsample") h = upsample(h, sizes.pop()!);
    h = conv(h, of("weight"), of("bias"), { pads: [1, 1, 1, 1] });
    const affine = { gamma: of("gamma"), beta: of("beta") };
    if (statistics === null) {
      const normalized = normalizeByBatch(h, affine);
      batchStatistics[`${name}.mean`] = normalized.mean;
      batchStatistics[`${name}.variance`] = normalized.variance;
      h = normalized.y;
    } else {
      h = normalizeByStatistics(h, affine, statistics[`${name}.mean`]!, statistics[`${name}.variance`]!);
    }
    if (after === "pool") {
      sizes.push(h.shape.slice(2));
      // The rectifier comes after the pool: the two commute, and its gradient needs a quarter of the memory here.
      h = maxPool(h, [2, 2]);
    }
    if (!isLast) h = relu(h);
  }
  return { image: add(div(tanh(h), 2 + 1e-7), 0.5), batchStatistics };
}

/** Bilinear, half-pixel centres: what the authors' framework does by default. */
function upsample(x: Tensor, size: readonly number[]): Tensor {
  const shape = [...x.shape.slice(0, 2), ...size];
  return x.graph.emit("Resize", [x, null, null, x.graph.constant(int64(shape))], [{ shape }], {
    mode: string("linear"),
    coordinate_transformation_mode: string("half_pixel"),
  })[0]!;
}
