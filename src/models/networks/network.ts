/** Regression networks f = H . F that can be trained from nothing. */
import { DrmGuardError } from "../../errors.ts";
import { float32, sizeOf, type TensorData, zeros } from "../../onnx/tensor-data.ts";
import { type Packing, packedLength } from "../../optim/packing.ts";
import type { Random } from "../../random.ts";
import { Graph, type Tensor } from "../../tensor/graph.ts";
import {
  foldedLayers,
  inferenceLayers,
  type Layers,
  type ParameterSource,
  trainingLayers,
} from "./layers.ts";
import { mobilenet } from "./mobilenet.ts";
import { resnet, resnetBlocks } from "./resnet.ts";
import type { Stem } from "./stem.ts";

/** Networks that can be trained: the paper's. */
export const architectures = ["resnet18", "resnet34", "mobilenetv1"] as const;
/** One of them. */
export type Architecture = (typeof architectures)[number];

/** What a network looks like. */
export interface NetworkOptions {
  readonly architecture: Architecture;
  /** Channels, height and width of the images. */
  readonly image: readonly [channels: number, height: number, width: number];
  /** d, the length of the vector that is regressed. */
  readonly outputs: number;
  /** Every number of channels is multiplied with it. */
  readonly width: number;
  /** How much the first layers shrink the image; `auto` goes by its size. */
  readonly stem: "auto" | Stem;
}

/** The paper's network at full width; image and outputs come from the data. */
export const networkDefaults: Pick<NetworkOptions, "architecture" | "width" | "stem"> = {
  architecture: "resnet18",
  width: 1,
  stem: "auto",
};

/**
 * The longest sides that `auto` takes a stem for: each leaves 4 x 4 to 8 x 8 places of features, as the large one does of
 * 224 px images.
 */
const longestSides = { small: 48, medium: 112 } as const;

function stemFor(side: number): Stem {
  if (side <= longestSides.small) return "small";
  return side <= longestSides.medium ? "medium" : "large";
}

/** Channels of a residual network's first stage at width 1. */
const resnetBase = 64;

/** Where a network's outputs and features are. */
export interface Written {
  /** f(x), [N, d] */
  readonly outputs: Tensor;
  /** F(x), [N, m] */
  readonly features: Tensor;
}

function write(
  layers: Layers,
  image: Tensor,
  { architecture, outputs, width, stem }: NetworkOptions,
): Written {
  const chosen = stem === "auto" ? stemFor(Math.max(...image.shape.slice(2))) : stem;
  const map =
    architecture === "mobilenetv1"
      ? mobilenet(layers, image, width, chosen)
      : resnet(
          layers,
          image,
          resnetBlocks[architecture],
          Math.max(1, Math.round(resnetBase * width)),
          chosen,
        );
  const [n, m] = map.shape as [number, number];
  const pooled = map.graph.emit("GlobalAveragePool", [map], [{ shape: [n, m, 1, 1] }])[0]!;
  const features = map.graph.emit("Flatten", [pooled], [{ shape: [n, m] }])[0]!;
  return { features, outputs: layers.dense(features, "head", outputs) };
}

/** Names and shapes of everything that a network learns. */
export interface NetworkShapes {
  /** `<layer>.weight`, `.gamma`, `.beta`; `head.weight` [d, m], `head.bias` [d]. */
  readonly parameters: Packing;
  /** Running statistics: `<layer>.mean`, `<layer>.variance`. */
  readonly statistics: Packing;
}

/**
 * The names and shapes of a network's parameters and statistics, in the order of its layers.
 *
 * Throws E_SHAPE when the options describe no network.
 */
export function networkShapes(options: NetworkOptions): NetworkShapes {
  assertOptions(options);
  const graph = new Graph();
  const declared = (): { list: { name: string; shape: readonly number[] }[]; source: ParameterSource } => {
    const list: { name: string; shape: readonly number[] }[] = [];
    const source: ParameterSource = (name, shape) => {
      list.push({ name, shape });
      return graph.input(name, shape);
    };
    return { list, source };
  };
  const parameters = declared();
  const statistics = declared();
  const image = graph.input("image", [1, ...options.image]);
  write(inferenceLayers(parameters.source, statistics.source), image, options);
  return { parameters: parameters.list, statistics: statistics.list };
}

function assertOptions({ architecture, image, outputs, width }: NetworkOptions): void {
  const isSize = (n: number): boolean => Number.isInteger(n) && n > 0;
  if (!architectures.includes(architecture)) {
    throw new DrmGuardError(
      "E_USAGE",
      `found architecture ${architecture}, expected one of ${architectures.join(", ")}`,
    );
  }
  if (image.every(isSize) && isSize(outputs) && Number.isFinite(width) && width > 0) return;
  throw new DrmGuardError(
    "E_SHAPE",
    `found images [${image.join(", ")}], ${outputs} outputs and width ${width}, expected whole numbers above 0 and a width above 0`,
  );
}

/** The scale of the second convolution of a residual block. */
const endsBlock = /^stage\d+\.\d+\.b\.gamma$/;

/** Arrays by name. */
type NamedArrays = Readonly<Record<string, TensorData>>;

/** The arrays of a network. */
export interface NetworkArrays {
  readonly parameters: NamedArrays;
  readonly statistics: NamedArrays;
}

/**
 * A new network: weights from the normal distribution of variance 2 / n, where n numbers go into each output (He et
 * al. 2015), 1 / n in the last layer, which no rectifier follows; scales 1, but 0 where a residual block ends, so that blocks
 * begin as the identity (Goyal et al. 2017); shifts and biases 0.
 *
 * Throws what {@link networkShapes} throws.
 */
export function initializeNetwork(options: NetworkOptions, random: Random): NetworkArrays {
  const shapes = networkShapes(options);
  const initial = (name: string, shape: readonly number[]): TensorData => {
    if (endsBlock.test(name)) return zeros("float32", shape);
    if (name.endsWith(".gamma") || name.endsWith(".variance")) {
      return float32(new Float32Array(sizeOf(shape)).fill(1), shape);
    }
    if (!name.endsWith(".weight")) return zeros("float32", shape);
    const deviation = Math.sqrt((name === "head.weight" ? 1 : 2) / sizeOf(shape.slice(1)));
    return float32(normalNumbers(random, sizeOf(shape), deviation), shape);
  };
  const all = (packing: Packing): NamedArrays =>
    Object.fromEntries(packing.map(({ name, shape }) => [name, initial(name, shape)]));
  return { parameters: all(shapes.parameters), statistics: all(shapes.statistics) };
}

/** Box and Muller's numbers in pairs, for millions of weights: half the draws that one at a time would take. */
function normalNumbers(random: Random, count: number, deviation: number): Float32Array {
  const numbers = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - random.uniform()));
    const angle = 2 * Math.PI * random.uniform();
    numbers[i] = radius * Math.cos(angle);
    if (i + 1 < count) numbers[i + 1] = radius * Math.sin(angle);
  }
  return numbers;
}

/** The number of parameters of a network. */
export function parameterCount(options: NetworkOptions): number {
  return packedLength(networkShapes(options).parameters);
}

/** Tensors by name. */
type NamedTensors = Readonly<Record<string, Tensor>>;

/** A network in training inside a program. */
export interface NetworkInTraining extends Written {
  /** The mean and variance of this batch, by the names of the statistics. */
  readonly batchStatistics: NamedTensors;
}

/**
 * Adds a network in training to a program: normalised by the batch.
 *
 * @param image [N, C, H, W] in [0, 1]; no other normalisation is needed, since batch norm follows the first layer
 */
export function networkInTraining(
  image: Tensor,
  parameters: NamedTensors,
  options: NetworkOptions,
): NetworkInTraining {
  const batchStatistics: Record<string, Tensor> = {};
  const layers = trainingLayers((name) => parameters[name]!, batchStatistics);
  return { ...write(layers, image, options), batchStatistics };
}

/**
 * Adds a network in inference to a program: normalised by running statistics.
 *
 * @param image [N, C, H, W] in [0, 1]
 */
export function networkInInference(
  image: Tensor,
  parameters: NamedTensors,
  statistics: NamedTensors,
  options: NetworkOptions,
): Written {
  const layers = inferenceLayers(
    (name) => parameters[name]!,
    (name) => statistics[name]!,
  );
  return write(layers, image, options);
}

/**
 * Adds a finished network to a program, whose batch norm is part of its convolutions: see `foldBatchNorm`.
 *
 * @param image [N, C, H, W] in [0, 1]
 * @param folded `<layer>.weight`, `<layer>.bias`
 */
export function foldedNetwork(image: Tensor, folded: NamedTensors, options: NetworkOptions): Written {
  return write(
    foldedLayers((name) => folded[name]!),
    image,
    options,
  );
}
