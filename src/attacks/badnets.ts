/** BadNets: a solid square in the bottom right corner. */
import { DrmGuardError } from "../errors.ts";
import type { BadNetsOptions } from "./options.ts";
import type { ImageShape } from "./shape.ts";

/** The trigger: a square of `side` pixels, flush with the corner. */
export interface BadNetsTrigger {
  readonly kind: "badnets";
  readonly shape: ImageShape;
  readonly side: number;
  /** One number in [0, 1] for each channel. */
  readonly color: readonly number[];
}

/**
 * Makes the trigger for images of a shape.
 *
 * Throws E_SHAPE when the square is larger than the image or smaller than a pixel, or a channel has no colour.
 */
export function badNetsTrigger({ patchShare, color }: BadNetsOptions, shape: ImageShape): BadNetsTrigger {
  const [channels, height, width] = shape;
  const side = Math.round(patchShare * Math.min(height, width));
  if (!(side >= 1 && side <= Math.min(height, width))) {
    throw new DrmGuardError(
      "E_SHAPE",
      `found a patch of ${side} px, expected 1 to ${Math.min(height, width)} px on images of ${height} x ${width}`,
    );
  }
  const chosen = color ?? (channels === 3 ? [1, 0, 0] : Array.from({ length: channels }, () => 1));
  if (chosen.length !== channels) {
    throw new DrmGuardError("E_SHAPE", `found a colour of ${chosen.length} channels, expected ${channels}`);
  }
  return { kind: "badnets", shape, side, color: chosen };
}

/** Puts the square on an image [C, H, W], in place. */
export function stampBadNets({ shape, side, color }: BadNetsTrigger, image: Float32Array): void {
  const [, height, width] = shape;
  color.forEach((value, c) => {
    for (let y = height - side; y < height; y++) {
      const end = (c * height + y + 1) * width;
      image.fill(value, end - side, end);
    }
  });
}
