/** Batch norm made a part of the convolution before it. */
import { float32, type TensorData } from "../../onnx/tensor-data.ts";
import { batchNormEpsilon } from "../batch-norm.ts";
import type { NetworkArrays } from "./network.ts";

/**
 * The arrays of a finished network: for each convolution W' = W gamma / sigma and b' = beta - mean gamma / sigma with
 * sigma = sqrt(variance + epsilon); dense layers as they are.
 *
 * @returns `<layer>.weight`, `<layer>.bias`
 */
export function foldBatchNorm({ parameters, statistics }: NetworkArrays): Record<string, TensorData> {
  const numbers = (arrays: NetworkArrays["parameters"], name: string): Float32Array =>
    arrays[name]!.data as Float32Array;
  const folded: Record<string, TensorData> = {};
  for (const [name, value] of Object.entries(parameters)) {
    if (!name.endsWith(".weight")) continue;
    const layer = name.slice(0, -".weight".length);
    const bias = parameters[`${layer}.bias`];
    if (bias !== undefined) {
      folded[name] = value;
      folded[`${layer}.bias`] = bias;
      continue;
    }
    const [gamma, beta] = ["gamma", "beta"].map((part) => numbers(parameters, `${layer}.${part}`)) as [
      Float32Array,
      Float32Array,
    ];
    const [mean, variance] = ["mean", "variance"].map((part) => numbers(statistics, `${layer}.${part}`)) as [
      Float32Array,
      Float32Array,
    ];
    const scale = gamma.map((g, c) => g / Math.sqrt(variance[c]! + batchNormEpsilon));
    const size = value.data.length / gamma.length;
    const weight = (value.data as Float32Array).map((w, i) => w * scale[Math.floor(i / size)]!);
    folded[name] = float32(weight, value.dims);
    folded[`${layer}.bias`] = float32(beta.map((b, c) => b - mean[c]! * scale[c]!));
  }
  return folded;
}
