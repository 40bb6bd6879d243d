/** SIG: a wave of brightness across the columns. */
import { DrmGuardError } from "../errors.ts";
import type { SigOptions } from "./options.ts";
import type { ImageShape } from "./shape.ts";

/** The trigger: x + Delta sin(2 pi j f / W) in column j, kept within [0, 1]. */
export interface SigTrigger {
  readonly kind: "sig";
  readonly shape: ImageShape;
  readonly amplitude: number;
  readonly frequency: number;
}

/** Makes the trigger for images of a shape. Throws E_USAGE when the wave is no wave. */
export function sigTrigger({ amplitude, frequency }: SigOptions, shape: ImageShape): SigTrigger {
  if (!(amplitude > 0 && frequency > 0)) {
    throw new DrmGuardError(
      "E_USAGE",
      `found a wave of amplitude ${amplitude} and frequency ${frequency}, expected both above 0`,
    );
  }
  return { kind: "sig", shape, amplitude, frequency };
}

/** Adds the wave to an image [C, H, W], in place: the same in every row and channel. */
export function stampSig({ shape, amplitude, frequency }: SigTrigger, image: Float32Array): void {
  const [, , width] = shape;
  const wave = Float64Array.from(
    { length: width },
    (_, j) => amplitude * Math.sin((2 * Math.PI * j * frequency) / width),
  );
  image.forEach((value, i) => {
    image[i] = Math.min(1, Math.max(0, value + wave[i % width]!));
  });
}
