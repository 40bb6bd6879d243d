/** MobileNetV1 (Howard et al. 2017), up to the features before the last dense layer. */
import { relu } from "../../tensor/elementwise.ts";
import type { Tensor } from "../../tensor/graph.ts";
import type { Layers } from "./layers.ts";
import type { Stem } from "./stem.ts";

/** Table 1 of the publication: channels that come out of each separable convolution, and its stride. */
const separable: readonly (readonly [channels: number, stride: number])[] = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  ...Array.from({ length: 5 }, () => [512, 1] as const),
  [1024, 2],
  // The table prints a stride of 2 here, but a map of 7 x 7 on both sides of it: 1 is meant.
  [1024, 1],
];

/**
 * Adds the network: every layer is followed by batch norm and a rectifier, the depthwise ones too.
 *
 * @param image [N, C, H, W]
 * @param width the width multiplier alpha; 1 in the publication's full network
 * @param stem `small`: the first convolution has a stride of 1 in place of 2, so that small images keep some places; the
 *   network has no pooling, and its kernels are fine, so all others are the same
 * @returns the map of features before the mean over its places, [N, 1024 width, h, w]
 */
export function mobilenet(layers: Layers, image: Tensor, width: number, stem: Stem): Tensor {
  const scaled = (channels: number): number => Math.max(1, Math.round(channels * width));
  const first = { channels: scaled(32), kernel: 3, stride: stem === "small" ? 1 : 2 };
  let h = relu(layers.convNorm(image, "stem", first));
  separable.forEach(([channels, stride], i) => {
    const name = `block${i + 1}`;
    const depthwise = { channels: h.shape[1]!, kernel: 3, stride, isDepthwise: true };
    h = relu(layers.convNorm(h, `${name}.depthwise`, depthwise));
    h = relu(layers.convNorm(h, `${name}.pointwise`, { channels: scaled(channels), kernel: 1 }));
  });
  return h;
}
