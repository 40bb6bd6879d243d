/** f(x) inside programs, for any number of images. */
import { applyModel, type ExaminedModel } from "../models/examined-model.ts";
import type { Tensor } from "../tensor/graph.ts";
import { concat, slice } from "../tensor/movement.ts";

/**
 * f(x), [N, d]. Where a model is fixed to a batch larger than there are images, the first ones fill it up and are dropped again.
 *
 * @param examined the model at a batch of at least N
 * @param images [N, C, H, W] in [0, 1]
 */
export function outputsOf(examined: ExaminedModel, images: Tensor): Tensor {
  const count = images.shape[0]!;
  let filled = images;
  while (filled.shape[0]! < examined.batch) {
    const missing = Math.min(count, examined.batch - filled.shape[0]!);
    filled = concat([filled, slice(images, [{ axis: 0, start: 0, end: missing }])], 0);
  }
  const { outputs } = applyModel(examined, filled);
  return filled === images ? outputs : slice(outputs, [{ axis: 0, start: 0, end: count }]);
}
