/** A perturbation of each reversed trigger, the same on all images, that makes it worse while the model unlearns it. */
import type { RepairImages } from "./mitigation.ts";

/** How far perturbations of T triggers may go. */
export interface PerturbationBounds {
  /** By how much each number of an image may be moved at most, [T C H W], in the unit of the images, [0, 1]. */
  readonly most: Float32Array;
  /** C H W */
  readonly each: number;
  /** Whether trigger k has one, [T]. */
  readonly isPerturbed: readonly boolean[];
}

/** A row's trigger, whose perturbation it has; null where it has none. */
export type PerturbedTrigger = number | null;

/** The part of its bound that a perturbation moves by in a step: it can go from one end to the other in twenty. */
const stride = 0.1;

/**
 * The part of an image above which a trigger is spread over it, and not perturbed: a perturbation of a whole image is no longer near to what an attacker may have
 * used, and unlearning it costs clean error (two head-pose networks with Blend: 29 and 21 % in place of 8 and 13).
 */
const mostSpread = 0.25;

/**
 * Bounds in what a trigger changes there, on average over images: so a perturbation stays where its trigger is, and is as faint. Triggers that are spread over the
 * image have none.
 *
 * @param reach so many times as much; 0 for no perturbation
 */
export function perturbationBounds(
  { clean, triggered }: Pick<RepairImages, "clean" | "triggered">,
  reach: number,
): PerturbationBounds {
  const [count] = clean.shape;
  const each = clean.pixels.length / count;
  const most = new Float32Array(triggered.length * each);
  const isPerturbed = triggered.map((pixels, k) => {
    pixels.forEach((value, i) => {
      most[k * each + (i % each)]! += (reach / count) * Math.abs(value - clean.pixels[i]!);
    });
    const own = most.subarray(k * each, (k + 1) * each);
    const isSpread = spreadOf(own) > mostSpread;
    if (isSpread) own.fill(0);
    return !isSpread && reach > 0;
  });
  return { most, each, isPerturbed };
}

/** The part of the numbers that are large: 1 where all are alike, 1 / n where one alone is not 0. */
function spreadOf(values: Float32Array): number {
  const total = values.reduce((sum, value) => sum + value, 0);
  const squares = values.reduce((sum, value) => sum + value * value, 0);
  return squares === 0 ? 0 : total ** 2 / (values.length * squares);
}

/** Rows with the perturbations of their triggers added, colours in [0, 1], [B, C, H, W]. */
export function perturbed(
  rows: Float32Array,
  triggers: readonly PerturbedTrigger[],
  perturbation: Float32Array,
  { each }: PerturbationBounds,
): Float32Array {
  const result = rows.slice();
  forEachNumber(triggers, each, (at, of) => {
    result[at] = Math.min(1, Math.max(0, result[at]! + perturbation[of]!));
  });
  return result;
}

/**
 * Perturbations after a step of ascent on the loss: each number moves by a part of its bound, to where the loss of the rows that have it rises.
 *
 * Source: universal adversarial perturbations, as Zeng et al. 2022 ("Adversarial Unlearning of Backdoors via Implicit Hypergradient") unlearn them.
 * Deviation: theirs begin at nothing, and are found anew for each round; these stay near a reversed trigger, and move along with the weights.
 *
 * @param perturbation before it, [T C H W]
 * @param gradient of the loss by the rows, [B, C, H, W]
 */
export function climbed(
  perturbation: Float32Array,
  gradient: Float32Array,
  triggers: readonly PerturbedTrigger[],
  { most, each }: PerturbationBounds,
): Float32Array<ArrayBuffer> {
  const slope = new Float32Array(perturbation.length);
  forEachNumber(triggers, each, (at, of) => {
    slope[of]! += gradient[at]!;
  });
  return perturbation.map((value, i) => {
    const bound = most[i]!;
    return Math.min(bound, Math.max(-bound, value + stride * bound * Math.sign(slope[i]!)));
  });
}

/** Each number of the rows that have a perturbation: where it is in the rows, and in the perturbations. */
function forEachNumber(
  triggers: readonly PerturbedTrigger[],
  each: number,
  visit: (at: number, of: number) => void,
): void {
  triggers.forEach((trigger, row) => {
    if (trigger === null) return;
    for (let i = 0; i < each; i++) visit(row * each + i, trigger * each + i);
  });
}
