/** Channels of a model's convolutions, and what they are scaled and shifted by. */
import type { ModelInstance } from "../models/instance.ts";
import { float32 } from "../onnx/tensor-data.ts";
import { mul } from "../tensor/elementwise.ts";
import type { Tensor } from "../tensor/graph.ts";
import { reshape, slice } from "../tensor/movement.ts";
import type { TrainableWeights } from "./trainable-weights.ts";

/** The channels of one layer. */
export interface ChannelLayer {
  /** The scale of a batch norm, [C], or the weight of a convolution without one, [C, ...]. */
  readonly scale: string;
  /** The shift or bias, [C]; null where there is none that can be trained. */
  readonly shift: string | null;
  /** C */
  readonly channels: number;
}

/**
 * The layers whose channels can be scaled: each batch norm, and each convolution that none follows, since there it is folded or was
 * never there.
 *
 * @param weights those that can be trained
 */
export function channelLayers(
  { nodes, initializers }: ModelInstance,
  { packing }: TrainableWeights,
): ChannelLayer[] {
  const known = new Set(packing.map(({ name }) => name));
  const normalised = new Set(
    nodes.filter(({ op }) => op === "BatchNormalization").map(({ inputs }) => inputs[0]!),
  );
  const used = new Set<string>();
  return nodes.flatMap(({ op, inputs, outputs }): ChannelLayer[] => {
    const isNorm = op === "BatchNormalization";
    const isPlain = op === "Conv" && !normalised.has(outputs[0]!);
    const [, scale, shift] = inputs;
    if ((!isNorm && !isPlain) || scale === undefined || !known.has(scale) || used.has(scale)) return [];
    used.add(scale);
    const channels = initializers.get(scale)!.dims[0]!;
    return [{ scale, shift: shift !== undefined && known.has(shift) ? shift : null, channels }];
  });
}

/**
 * Weights whose channels are scaled, as tensors by their names.
 *
 * @param factors of the scales, [M] for the M channels of all layers in their order
 * @param shiftFactors of the shifts, [M]
 */
export function scaledChannels(
  layers: readonly ChannelLayer[],
  { initializers }: ModelInstance,
  factors: Tensor,
  shiftFactors: Tensor,
): Map<string, Tensor> {
  const scaled = new Map<string, Tensor>();
  let start = 0;
  for (const { scale, shift, channels } of layers) {
    const part = [{ axis: 0, start, end: start + channels }];
    const put = (name: string, by: Tensor): void => {
      const value = initializers.get(name)!;
      const ones = value.dims.slice(1).map(() => 1);
      const own = by.graph.constant(float32(value.data as Float32Array, value.dims), name);
      scaled.set(name, mul(own, reshape(slice(by, part), [channels, ...ones])));
    };
    put(scale, factors);
    if (shift !== null && !scaled.has(shift)) put(shift, shiftFactors);
    start += channels;
  }
  return scaled;
}
