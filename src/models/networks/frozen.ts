/** A trained network with its weights as constants. */
import type { Tensor } from "../../tensor/graph.ts";
import { foldBatchNorm } from "./fold.ts";
import { foldedNetwork, type NetworkArrays, type NetworkOptions, type Written } from "./network.ts";

/**
 * Adds a trained network in inference to a program, its weights as constants, batch norm folded into the convolutions:
 * what is exported, and what an attack takes as its surrogate.
 *
 * @param image [N, C, H, W] in [0, 1]
 */
export function frozenNetwork(image: Tensor, arrays: NetworkArrays, options: NetworkOptions): Written {
  const constants = Object.entries(foldBatchNorm(arrays)).map(([name, value]): [string, Tensor] => [
    name,
    image.graph.constant(value, name),
  ]);
  return foldedNetwork(image, Object.fromEntries(constants), options);
}
