/** The trigger of the input-aware attack: two networks, by which every image gets one of its own. */
import { generatorPackings } from "../../models/trigger-generator.ts";
import { packedLength } from "../../optim/packing.ts";
import type { Tensor } from "../../tensor/graph.ts";
import type { ImageShape } from "../shape.ts";
import { blend, maskOf } from "./formulas.ts";
import { frozenGenerator, maskNetwork, patternNetwork } from "./networks.ts";

/** The trigger: x + (G(x) - x) m(x). Its arrays are packed as those of a generator in training are. */
export interface InputAwareTrigger {
  readonly kind: "input-aware";
  readonly shape: ImageShape;
  /** Channels of the first level of both networks. */
  readonly baseChannels: number;
  readonly patternParameters: Float32Array;
  readonly patternStatistics: Float32Array;
  readonly maskParameters: Float32Array;
  readonly maskStatistics: Float32Array;
}

/** The lengths of a trigger's arrays, by their names. */
export function inputAwareLengths([channels]: ImageShape, baseChannels: number): Record<string, number> {
  const pattern = generatorPackings(patternNetwork(channels, baseChannels));
  const mask = generatorPackings(maskNetwork(channels, baseChannels));
  return {
    patternParameters: packedLength(pattern.parameters),
    patternStatistics: packedLength(pattern.statistics),
    maskParameters: packedLength(mask.parameters),
    maskStatistics: packedLength(mask.statistics),
  };
}

/**
 * Adds the trigger to a program: images with the pattern and the mask that are made for others, which are the images
 * themselves for the attack.
 *
 * @param image x, [N, C, H, W] in [0, 1]
 * @param source what pattern and mask are made for, of the same shape
 * @returns [N, C, H, W] in [0, 1]
 */
export function stampInputAware(trigger: InputAwareTrigger, image: Tensor, source: Tensor): Tensor {
  const { shape, baseChannels, patternParameters, patternStatistics, maskParameters, maskStatistics } =
    trigger;
  const pattern = { parameters: patternParameters, statistics: patternStatistics };
  const mask = { parameters: maskParameters, statistics: maskStatistics };
  return blend(
    image,
    frozenGenerator(source, pattern, patternNetwork(shape[0], baseChannels)),
    maskOf(frozenGenerator(source, mask, maskNetwork(shape[0], baseChannels))),
  );
}
