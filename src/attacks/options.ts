/** The constants of every attack, all of them options. */
import type { RelativeSchedule } from "../optim/schedule.ts";

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

/** How masks are learnt, before the network is trained. */
export interface InputAwareMaskOptions extends RelativeSchedule {
  readonly steps: number;
  /** The value of a mask from which on a pixel costs; about the share of an image that is masked in the end. */
  readonly density: number;
  /** The weight of what is beyond the density. */
  readonly lambdaDensity: number;
  /** The weight of the likeness of masks of different images. */
  readonly lambdaDiversity: number;
}

/** A pattern and a mask for each image, both made by networks (Nguyen and Tran 2020). */
export interface InputAwareOptions {
  /** The share of a batch that gets its trigger and the target. */
  readonly poisonRate: number;
  /** Images with another image's trigger and their true label, for each poisoned one. */
  readonly crossRatio: number;
  /** Channels of the first level of both networks. */
  readonly baseChannels: number;
  /** The weight of the likeness of patterns of different images. */
  readonly lambdaDiversity: number;
  /** The learning rate of G while the network is trained. */
  readonly pattern: RelativeSchedule;
  readonly mask: InputAwareMaskOptions;
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
  readonly "input-aware": InputAwareOptions;
}

/** The names of the attacks. */
export type Attack = keyof AttackOptions;

/** Those whose trigger is made before a training, and put on images without a runtime. */
export type StampedAttack = Exclude<Attack, "input-aware">;

/**
 * The defaults: the paper's where it gives them, else those of the attacks' publications.
 *
 * - BadNets: 20 px of 224, which is 9 % of the side; 5 % of the images.
 * - Blend and SIG, of which the paper says nothing: alpha 0.2; 40 of 255 and 6 periods; 10 % of the images.
 * - WaNet: strength 1 and k = H / 8 (28 at 224 px, 14 at 112 px). Reading: the paper has no rates; its publication's
 *   10 % and two noisy images for each poisoned one.
 * - Multi-target WaNet (appendix A.7): 15 % for each target. Reading: with two targets, one noisy image for each
 *   poisoned one leaves 40 % of the images clean; with two, none would be.
 * - Input-aware, of which the paper says only that it modifies the training: its publication's 10 % with as many cross
 *   images, its networks, rates, density and weights, and its milestones as shares of a training.
 *   Reading: patterns have a lambda of 0.1 where the publication has 1, since an L1 loss in radians is a tenth of a cross
 *   entropy and the diversity, which is about 1, would be all that is learnt. Masks have 4 in place of 1, since the
 *   publication measures images in units of their standard deviation, a quarter of the [0, 1] that is the unit here.
 *   Reading: M has 400 steps, which are minutes at 64 px, in place of 25 epochs.
 */
export const attackDefaults: AttackOptions = {
  badnets: { patchShare: 0.09, color: null, poisonRate: 0.05, noiseRatio: 0 },
  blend: { alpha: 0.2, pattern: null, poisonRate: 0.1, noiseRatio: 0 },
  sig: { amplitude: 40 / 255, frequency: 6, poisonRate: 0.1, noiseRatio: 0 },
  wanet: { cell: 8, strength: 1, poisonRate: 0.1, noiseRatio: 2 },
  "multi-target-wanet": { cell: 8, strength: 1, poisonRate: 0.15, noiseRatio: 1 },
  "input-aware": {
    poisonRate: 0.1,
    crossRatio: 1,
    baseChannels: 32,
    lambdaDiversity: 0.1,
    pattern: { rate: 1e-2, milestones: [1 / 3, 1 / 2, 2 / 3, 5 / 6], factor: 0.1 },
    mask: {
      steps: 400,
      density: 0.032,
      lambdaDensity: 100,
      lambdaDiversity: 4,
      rate: 1e-2,
      milestones: [0.4, 0.8],
      factor: 0.1,
    },
  },
};
