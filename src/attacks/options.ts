/** The constants of every attack, all of them options. */

/** A solid square in a corner (Gu, Dolan-Gavitt and Garg 2017). */
export interface BadNetsOptions {
  /** The side of the square, as a share of the image's shorter side. */
  readonly patchShare: number;
  /** One number in [0, 1] for each channel; null for red, or white where there is one channel. */
  readonly color: readonly number[] | null;
}

/** A second image over the whole first one (Chen et al. 2017). */
export interface BlendOptions {
  /** How much of the second image there is. */
  readonly alpha: number;
  /** The second image, [C, H, W] in [0, 1]; null for uniform noise, drawn once. */
  readonly pattern: Float32Array | null;
}

/** A wave of brightness across the columns (Barni, Kallas and Tondi 2019). */
export interface SigOptions {
  /** Delta, in units of [0, 1]. */
  readonly amplitude: number;
  /** f, periods across the image. */
  readonly frequency: number;
}

/** A smooth warp of the whole image (Nguyen and Tran 2021). */
export interface WanetOptions {
  /** Pixels of the image for each control point: k = H / cell. */
  readonly cell: number;
  /** s; 1 moves a pixel by about half a pixel on each axis, whatever the image's size. */
  readonly strength: number;
}

/** What is chosen for an attack beside its trigger. */
export interface PoisoningOptions {
  /** The share of images that get the trigger and the target. */
  readonly poisonRate: number;
  /** Images with a trigger's noise and their true label, for each poisoned one; 0 for attacks without such a mode. */
  readonly noiseRatio: number;
}

/** Options by attack. */
export interface AttackOptions {
  readonly badnets: BadNetsOptions & PoisoningOptions;
  readonly blend: BlendOptions & PoisoningOptions;
  readonly sig: SigOptions & PoisoningOptions;
  readonly wanet: WanetOptions & PoisoningOptions;
  readonly "multi-target-wanet": WanetOptions & PoisoningOptions;
}

/** The names of the attacks. */
export type Attack = keyof AttackOptions;

/**
 * The defaults: the paper's where it gives them, else those of the attacks' publications.
 *
 * - BadNets: 20 px of 224, which is 9 % of the side; 5 % of the images.
 * - Blend and SIG, of which the paper says nothing: alpha 0.2; 40 of 255 and 6 periods; 10 % of the images.
 * - WaNet: strength 1 and k = H / 8 (28 at 224 px, 14 at 112 px). Reading: the paper has no rates; its publication's
 *   10 % and two noisy images for each poisoned one.
 * - Multi-target WaNet (appendix A.7): 15 % for each target. Reading: with two targets, one noisy image for each
 *   poisoned one leaves 40 % of the images clean; with two, none would be.
 */
export const attackDefaults: AttackOptions = {
  badnets: { patchShare: 0.09, color: null, poisonRate: 0.05, noiseRatio: 0 },
  blend: { alpha: 0.2, pattern: null, poisonRate: 0.1, noiseRatio: 0 },
  sig: { amplitude: 40 / 255, frequency: 6, poisonRate: 0.1, noiseRatio: 0 },
  wanet: { cell: 8, strength: 1, poisonRate: 0.1, noiseRatio: 2 },
  "multi-target-wanet": { cell: 8, strength: 1, poisonRate: 0.15, noiseRatio: 1 },
};
