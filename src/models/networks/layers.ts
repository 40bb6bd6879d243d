/** The two layers that regression networks are made of, in the three forms that a network takes in its life. */
import { int } from "../../onnx/model.ts";
import { conv, type WindowOptions } from "../../tensor/convolution.ts";
import type { Tensor } from "../../tensor/graph.ts";
import { smallConvolution } from "../../tensor/small-convolution.ts";
import { normalizeByBatch, normalizeByStatistics } from "../batch-norm.ts";

/** A convolution without bias that a batch norm follows. */
export interface ConvNormOptions {
  /** Channels that come out; as many as go in where it is depthwise. */
  readonly channels: number;
  /** The side of its square kernel; padding keeps the size. */
  readonly kernel: number;
  readonly stride?: number;
  /** One filter for each channel. */
  readonly isDepthwise?: boolean;
}

/** What a network is written with. The same network is declared, trained, run and exported by other layers. */
export interface Layers {
  /** [N, C, H, W] to [N, channels, ceil(H / stride), ceil(W / stride)] */
  convNorm(x: Tensor, name: string, options: ConvNormOptions): Tensor;
  /** [N, m] to [N, outputs] */
  dense(x: Tensor, name: string, outputs: number): Tensor;
}

/** Gives the tensor of a parameter. */
export type ParameterSource = (name: string, shape: readonly number[]) => Tensor;

function windowFor({ kernel, stride = 1 }: ConvNormOptions): WindowOptions {
  const margin = Math.floor(kernel / 2);
  return { strides: [stride, stride], pads: [margin, margin, margin, margin] };
}

function convolve(x: Tensor, weight: Tensor, bias: Tensor | null, options: ConvNormOptions): Tensor {
  const group = options.isDepthwise ? x.shape[1]! : 1;
  return conv(x, weight, bias, { ...windowFor(options), group });
}

/** The same while weights are learnt, when every step pays for the products with padding. */
function convolveInTraining(x: Tensor, weight: Tensor, options: ConvNormOptions): Tensor {
  const { kernel, isDepthwise = false } = options;
  const places = x.shape[2]! * x.shape[3]!;
  if (isDepthwise || 2 * places > kernel * kernel) return convolve(x, weight, null, options);
  return smallConvolution(x, weight, windowFor(options));
}

function weightShape(x: Tensor, { channels, kernel, isDepthwise = false }: ConvNormOptions): number[] {
  return [channels, isDepthwise ? 1 : x.shape[1]!, kernel, kernel];
}

/** y = x W^T + b with W [outputs, m]. */
function denseFrom(parameter: ParameterSource): Layers["dense"] {
  return (x, name, outputs) => {
    const weight = parameter(`${name}.weight`, [outputs, x.shape[1]!]);
    const bias = parameter(`${name}.bias`, [outputs]);
    return x.graph.emit("Gemm", [x, weight, bias], [{ shape: [x.shape[0]!, outputs] }], {
      transB: int(1),
    })[0]!;
  };
}

/** Layers whose batch norm is given as a function of its input, its name, gamma and beta. */
function normalizedLayers(
  parameter: ParameterSource,
  normalize: (x: Tensor, name: string, gamma: Tensor, beta: Tensor) => Tensor,
): Layers {
  return {
    convNorm(x, name, options) {
      const y = convolveInTraining(x, parameter(`${name}.weight`, weightShape(x, options)), options);
      const channels = [options.channels];
      return normalize(y, name, parameter(`${name}.gamma`, channels), parameter(`${name}.beta`, channels));
    },
    dense: denseFrom(parameter),
  };
}

/**
 * Layers in training: normalised by the batch.
 *
 * @param batchStatistics gets the mean and variance of this batch as `<layer>.mean`, `<layer>.variance`
 */
export function trainingLayers(parameter: ParameterSource, batchStatistics: Record<string, Tensor>): Layers {
  return normalizedLayers(parameter, (x, name, gamma, beta) => {
    const { y, mean, variance } = normalizeByBatch(x, { gamma, beta });
    batchStatistics[`${name}.mean`] = mean;
    batchStatistics[`${name}.variance`] = variance;
    return y;
  });
}

/** Layers in inference: normalised by running statistics, which are asked for as `<layer>.mean`, `<layer>.variance`. */
export function inferenceLayers(parameter: ParameterSource, statistic: ParameterSource): Layers {
  return normalizedLayers(parameter, (x, name, gamma, beta) => {
    const of = (part: string): Tensor => statistic(`${name}.${part}`, gamma.shape);
    return normalizeByStatistics(x, { gamma, beta }, of("mean"), of("variance"));
  });
}

/** Layers of a finished network: batch norm is part of the convolutions, which have a weight and a bias. */
export function foldedLayers(parameter: ParameterSource): Layers {
  return {
    convNorm(x, name, options) {
      const weight = parameter(`${name}.weight`, weightShape(x, options));
      return convolve(x, weight, parameter(`${name}.bias`, [options.channels]), options);
    },
    dense: denseFrom(parameter),
  };
}
