/** Outputs that any model falls back to, which are cheap to draw all images to whether it has a backdoor or not: homes. */
import { type OutputScale, toDeviations } from "./scale.ts";
import { distanceOf } from "./targets.ts";

/** What a model gives for the average image. */
export interface Center {
  /** In deviations from the mean, [d]. */
  readonly target: readonly number[];
  /** The part of the clean outputs that lie nearer to the mean, 0 to 1. */
  readonly nearerPart: number;
  /**
   * Whether any model would give the like. An image that shows nothing in particular says little, and without a backdoor the answer to it is near the mean: so far that a fifth of the clean outputs are nearer,
   * it was on none of a few outputs, and on those with a backdoor for which the average image looks like one with the trigger, smooth as it is, it is the attacker's target. With many outputs it is
   * far away on any: the average of faces has no mouth to be found (docs/research-log.md).
   */
  readonly isHome: boolean;
}

/**
 * The centre, and whether it is a home.
 *
 * @param ofAverage f of the average image, [d]
 * @param clean f(x), [N, d]
 * @param homePart the part of the clean outputs, 0 to 1, that are nearer to the mean than what is no home
 */
export function centerOf(
  ofAverage: ArrayLike<number>,
  clean: Float32Array,
  scale: OutputScale,
  homePart: number,
): Center {
  const target = toDeviations(ofAverage, scale);
  const distance = distanceOf(target);
  const d = target.length;
  const count = clean.length / d;
  let nearer = 0;
  for (let row = 0; row < count; row++) {
    if (distanceOf(toDeviations(clean.subarray(row * d, (row + 1) * d), scale)) < distance) nearer++;
  }
  const nearerPart = nearer / count;
  return { target, nearerPart, isHome: scale.usual !== null || nearerPart < homePart };
}
