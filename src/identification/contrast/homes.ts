/** Outputs that any model falls back to, which are cheap to draw all images to whether it has a backdoor or not: homes. */
import { allDeviations, type OutputScale, toDeviations } from "./scale.ts";
import { distanceOf } from "./targets.ts";

/** What a model gives where an image shows nothing in particular: for the average image, or for any that is hidden. */
export interface Center {
  /** In deviations from the mean, [d]. */
  readonly target: readonly number[];
  /** The part of the clean outputs that lie nearer to the mean, 0 to 1. */
  readonly nearerPart: number;
  /**
   * Whether any model would give the like. An image that shows nothing in particular says little, and with few outputs the answer to it is mostly near the mean. Where the average image looks like one with the
   * trigger, smooth as it is, or what hides images like an attacker's overlay, it is the attacker's target, farther out; and where smoothness is what the outputs measure, an end of their range, which is no cheaper than other targets. With many outputs it is
   * far away on any model: the average of faces has no mouth to be found (docs/research-log.md).
   */
  readonly isHome: boolean;
}

/** The outputs that a candidate is kept away from and compared with, and those that are searched like any target; in deviations, [d] each. */
export interface Places {
  readonly homes: readonly (readonly number[])[];
  readonly suspects: readonly (readonly number[])[];
  /** What all hidden images give, whatever lies beside it; outputs come as close to it as is asked. Null where it differs. */
  readonly hidden: Center | null;
}

/**
 * Homes and suspects: the mean, the centre, and what hidden images give where that is another place.
 *
 * @param mean in deviations
 * @param center what the average image gives
 * @param hidden what all hidden images give; null where it differs
 * @param same places nearer to each other than this, in deviations, are one
 */
export function placesOf(
  mean: readonly number[],
  center: Center,
  hidden: Center | null,
  same: number,
): Places {
  const isElsewhere =
    hidden !== null && [mean, center.target].every((each) => distanceOf(each, hidden.target) >= same);
  const places = isElsewhere ? [center, hidden] : [center];
  return {
    hidden,
    homes: [mean, ...places.filter(({ isHome }) => isHome).map(({ target }) => target)],
    suspects: places.filter(({ isHome }) => !isHome).map(({ target }) => target),
  };
}

/**
 * The centre, and whether it is a home.
 *
 * @param ofAverage f of the average image, or of hidden ones, [d]
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
  const all = scale.usual ?? allDeviations(clean, scale);
  const nearerPart = all.filter((each) => distanceOf(each) < distance).length / all.length;
  return { target, nearerPart, isHome: scale.usual !== null || nearerPart < homePart };
}
