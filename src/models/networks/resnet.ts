/** ResNet-18 and ResNet-34 (He, Zhang, Ren and Sun 2016), up to the features before the last dense layer. */
import { maxPool } from "../../tensor/convolution.ts";
import { add, relu } from "../../tensor/elementwise.ts";
import type { Tensor } from "../../tensor/graph.ts";
import type { Layers } from "./layers.ts";
import type { Stem } from "./stem.ts";

/** Blocks of two convolutions in each of the four stages. */
export const resnetBlocks = { resnet18: [2, 2, 2, 2], resnet34: [3, 4, 6, 3] } as const;

const firstLayer: Readonly<Record<Stem, { readonly kernel: number; readonly stride: number }>> = {
  small: { kernel: 3, stride: 1 },
  medium: { kernel: 7, stride: 2 },
  large: { kernel: 7, stride: 2 },
  fine: { kernel: 3, stride: 1 },
};

/**
 * Adds a residual network with its shortcuts of 1 x 1 convolutions (the publication's option B).
 *
 * @param image [N, C, H, W]
 * @param blocks blocks in each stage
 * @param base channels of the first stage; 64 in the publication, doubling from stage to stage
 * @param stem `small`: one 3 x 3 convolution, as the publication has for 32 px images; `large`: a 7 x 7 convolution of stride 2
 *   and a pooling, as it has for 224 px; `medium`: the same without the pooling; `fine`: a 3 x 3 convolution, a pooling and a
 *   3 x 3 convolution of stride 2, for small images whose details matter. Deviation: the publication has no such one. It costs as
 *   much as `large` and sees what happens between neighbouring pixels, such as a warp of half a pixel
 * @returns the map of features before the mean over its places, [N, 8 base, h, w]
 */
export function resnet(
  layers: Layers,
  image: Tensor,
  blocks: readonly number[],
  base: number,
  stem: Stem,
): Tensor {
  let h = relu(layers.convNorm(image, "stem", { channels: base, ...firstLayer[stem] }));
  if (stem === "large") h = maxPool(h, [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] });
  if (stem === "fine") {
    h = maxPool(h, [2, 2], { strides: [2, 2] });
    h = relu(layers.convNorm(h, "stem.b", { channels: base, kernel: 3, stride: 2 }));
  }
  blocks.forEach((count, stage) => {
    for (let block = 0; block < count; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      h = residual(layers, h, `stage${stage + 1}.${block}`, base * 2 ** stage, stride);
    }
  });
  return h;
}

/** relu(F(x) + x), where x is brought to F's shape when they differ. */
function residual(layers: Layers, x: Tensor, name: string, channels: number, stride: number): Tensor {
  const first = relu(layers.convNorm(x, `${name}.a`, { channels, kernel: 3, stride }));
  const second = layers.convNorm(first, `${name}.b`, { channels, kernel: 3 });
  const isSame = stride === 1 && x.shape[1] === channels;
  const shortcut = isSame ? x : layers.convNorm(x, `${name}.shortcut`, { channels, kernel: 1, stride });
  return relu(add(second, shortcut));
}
