/** Blend: a second image over the whole first one. */
import { DrmGuardError } from "../errors.ts";
import { sizeOf } from "../onnx/tensor-data.ts";
import type { Random } from "../random.ts";
import type { BlendOptions } from "./options.ts";
import type { ImageShape } from "./shape.ts";

/** The trigger: (1 - alpha) x + alpha t. */
export interface BlendTrigger {
  readonly kind: "blend";
  readonly shape: ImageShape;
  readonly alpha: number;
  /** t, [C, H, W] in [0, 1]. */
  readonly pattern: Float32Array;
}

/**
 * Makes the trigger for images of a shape.
 *
 * Throws E_SHAPE when the second image is of another shape, E_USAGE when alpha is not in (0, 1].
 *
 * @param random draws the second image when none is given
 */
export function blendTrigger(
  { alpha, pattern }: BlendOptions,
  shape: ImageShape,
  random: Random,
): BlendTrigger {
  if (!(alpha > 0 && alpha <= 1)) {
    throw new DrmGuardError(
      "E_USAGE",
      `found a share of ${alpha} to blend with, expected more than 0 and at most 1`,
    );
  }
  const size = sizeOf(shape);
  if (pattern !== null && pattern.length !== size) {
    throw new DrmGuardError("E_SHAPE", `found a pattern of ${pattern.length} values, expected ${size}`);
  }
  const drawn = (): Float32Array => Float32Array.from({ length: size }, () => random.uniform());
  // What comes from a command line is a plain list.
  return { kind: "blend", shape, alpha, pattern: pattern === null ? drawn() : Float32Array.from(pattern) };
}

/** Blends the second image with an image [C, H, W], in place. */
export function stampBlend({ alpha, pattern }: BlendTrigger, image: Float32Array): void {
  pattern.forEach((value, i) => {
    image[i] = (1 - alpha) * image[i]! + alpha * value;
  });
}
