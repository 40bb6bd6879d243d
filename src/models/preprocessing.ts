/** What a model expects of its input, as a part of the program: the method itself only sees images in [0, 1]. */
import { DrmGuardError } from "../errors.ts";
import { float32 } from "../onnx/tensor-data.ts";
import { div, mul, sub } from "../tensor/elementwise.ts";
import type { Tensor } from "../tensor/graph.ts";
import { take, transpose } from "../tensor/movement.ts";
import type { HeldInputs } from "./held-inputs.ts";
import type { ImportedModel } from "./import.ts";

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
  /** Values of the inputs beside the image; left out where there are none. */
  readonly held?: HeldInputs;
}

/** What a user said of a model's input; null where nothing was said. */
export type PreprocessingHints = { readonly [K in keyof Preprocessing]: Preprocessing[K] | null };

/** Nothing is said: the model's own metadata and the defaults decide. */
export const noPreprocessingHints: PreprocessingHints = {
  scale: null,
  mean: null,
  std: null,
  layout: null,
  channels: null,
  held: null,
};

/** Images as they are: [0, 1], RGB, channels first. */
export const defaultPreprocessing: Preprocessing = {
  scale: 1,
  mean: [0],
  std: [1],
  layout: "nchw",
  channels: "rgb",
};

/** Numbers of channels that images have. */
const imageDepths: ReadonlySet<unknown> = new Set([1, 3]);

/**
 * Fills in what a user left open from the model's input: the axis of 1 or 3 is the channels, one channel is gray, and
 * a model of bytes takes 0 to 255. Mean and std cannot be seen in a file and stay 0 and 1.
 *
 * @param model the model
 * @param hints what the user said
 */
export function resolvePreprocessing(model: ImportedModel, hints: PreprocessingHints): Preprocessing {
  const [, second, , last] = model.input.shape!;
  const isLast = !imageDepths.has(second) && imageDepths.has(last);
  const layout = hints.layout ?? (isLast ? "nhwc" : defaultPreprocessing.layout);
  const depth = layout === "nhwc" ? last : second;
  const isHeld = Object.keys(hints.held ?? {}).length > 0;
  return {
    scale: hints.scale ?? (model.takesBytes ? 255 : defaultPreprocessing.scale),
    mean: hints.mean ?? defaultPreprocessing.mean,
    std: hints.std ?? defaultPreprocessing.std,
    layout,
    channels: hints.channels ?? (depth === 1 ? "gray" : defaultPreprocessing.channels),
    ...(isHeld ? { held: hints.held! } : {}),
  };
}

/** Height and width that a model is made for, null for each that it leaves free. */
export function imageSizeOf(
  model: ImportedModel,
  layout: Preprocessing["layout"],
): [height: number | null, width: number | null] {
  const [, a, b, c] = model.input.shape!;
  const [height, width] = layout === "nhwc" ? [a, b] : [b, c];
  return [typeof height === "number" ? height : null, typeof width === "number" ? width : null];
}

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
