/** What a model expects of its input, as a part of the program: the method itself only sees images in [0, 1]. */
import { DrmGuardError } from "../errors.ts";
import { float32 } from "../onnx/tensor-data.ts";
import { div, mul, sub } from "../tensor/elementwise.ts";
import type { Tensor } from "../tensor/graph.ts";
import { take, transpose } from "../tensor/movement.ts";

/** How pixels in [0, 1] become what the model was trained on: (scale x - mean) / std, channels and axes in order. */
export interface Preprocessing {
  /** What 1 becomes; 255 for models of bytes. */
  readonly scale: number;
  /** One number for every channel in the model's order, or one for all; in units after scaling. */
  readonly mean: readonly number[];
  /** As `mean`. */
  readonly std: readonly number[];
  readonly layout: "nchw" | "nhwc";
  readonly channels: "rgb" | "bgr" | "gray";
}

/** Images as they are: [0, 1], RGB, channels first. */
export const defaultPreprocessing: Preprocessing = {
  scale: 1,
  mean: [0],
  std: [1],
  layout: "nchw",
  channels: "rgb",
};

/**
 * Adds a model's preprocessing to a program.
 *
 * Throws E_USAGE when `mean` or `std` have neither one number nor one for every channel.
 *
 * @param image [N, C, H, W] in [0, 1]
 * @returns what the model takes, in its layout
 */
export function preprocess(image: Tensor, { scale, mean, std, layout, channels }: Preprocessing): Tensor {
  const count = image.shape[1]!;
  const perChannel = (name: string, values: readonly number[]): number | Tensor => {
    if (values.length === 1) return values[0]!;
    if (values.length === count) return image.graph.constant(float32(values, [1, count, 1, 1]));
    throw new DrmGuardError("E_USAGE", `found ${values.length} numbers for ${name}, expected 1 or ${count}`);
  };
  const ordered = channels === "bgr" ? take(image, [2, 1, 0], 1) : image;
  const standardized = div(sub(mul(ordered, scale), perChannel("mean", mean)), perChannel("std", std));
  return layout === "nhwc" ? transpose(standardized, [0, 2, 3, 1]) : standardized;
}

/** The shape that a model takes for images of a shape [N, C, H, W]. */
export function inputShapeFor(
  [n, c, h, w]: readonly [number, number, number, number],
  { layout }: Preprocessing,
): number[] {
  return layout === "nhwc" ? [n, h, w, c] : [n, c, h, w];
}
