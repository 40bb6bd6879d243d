/** Clean images, and what is known of them. */

/** Images in memory, all of one size. */
export interface ImageSet {
  /** [N, C, H, W] in [0, 1], row-major; channels are R, G, B, or one of brightness. */
  readonly pixels: Float32Array;
  readonly shape: readonly [count: number, channels: number, height: number, width: number];
  /** [N, d] in the unit of the model's output; null without labels. */
  readonly labels: Float32Array | null;
  /** Names of the d outputs; empty without labels. */
  readonly labelNames: readonly string[];
  /** Where each image came from, for messages and reports. */
  readonly names: readonly string[];
}

/** Image i of a set, [C, H, W]; a view. */
export function imageOf({ pixels, shape: [, c, h, w] }: ImageSet, i: number): Float32Array {
  return pixels.subarray(i * c * h * w, (i + 1) * c * h * w);
}
