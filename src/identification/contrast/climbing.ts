/** How much dearer a target gets when outputs are to come closer to it: what an attacker trained gives way at once, and the rest bit by bit. */
import { growingImages } from "./choosing.ts";
import type { ContrastOptions } from "./options.ts";
import { heldContext, type SearchContext, type SearchOutcome, searchTriggers } from "./search.ts";
import type { SearchedTrigger } from "./search-state.ts";

/** How much dearer a target got. */
export interface Climbed {
  /** cost(closer) / cost(first), at least 1; null where it was not measured. */
  readonly climb: number | null;
  readonly searches: readonly SearchOutcome[];
  /** False when the time ran out. */
  readonly isComplete: boolean;
}

/** What a climb is measured on. */
export interface Climber {
  /** In deviations from the mean, [d]. */
  readonly target: readonly number[];
  /** A trigger that draws outputs to it, [n]. */
  readonly theta: Float32Array;
  /** How close outputs are to come, in deviations; null where there is nothing closer to ask. */
  readonly closer: number | null;
}

/**
 * How close outputs are asked to come in a climb: to tau', or a few times the error that is left when the trigger has grown where that is more, since an attack that is
 * off by itself does not come closer for any size. Less than half of the way, by ratio, is never asked: there is next to nothing to climb on it, for any trigger. Where that
 * is all that could be, half of the way is asked of what is known to come close, and nothing of what is not.
 *
 * @param floor the error that the grown trigger leaves, in deviations
 * @param isClose whether outputs are known to come within the closer tolerance
 * @returns null where nothing is asked
 */
export function closerTolerance(
  floor: number,
  isClose: boolean,
  options: Pick<ContrastOptions, "tolerance" | "tightTolerance" | "floorFactor">,
): number | null {
  const closer = Math.max(options.tightTolerance, options.floorFactor * floor);
  const most = halfWay(options);
  if (closer < most) return closer;
  return isClose && floor < most && most < options.tolerance ? most : null;
}

/** sqrt(tau tau'): the tolerance half way, by ratio, from the first to the closer one. */
export function halfWay({
  tolerance,
  tightTolerance,
}: Pick<ContrastOptions, "tolerance" | "tightTolerance">): number {
  return Math.sqrt(tolerance * tightTolerance);
}

/**
 * Searches the smallest trigger for a target at the first tolerance, and from there at a closer one: cost(closer) / cost(first), at least 1.
 *
 * A network that was trained on a trigger answers it as a whole: once it is seen, outputs are as close to the target as they will come. A trigger that
 * a network happens to answer to moves each image as far as it moves that image, and the last images cost most.
 *
 * Throws what the searches throw.
 *
 * @param label what its searches are called by
 */
export async function climbOf(
  context: SearchContext,
  { target, theta, closer }: Climber,
  label: string,
): Promise<Climbed> {
  const { options } = context;
  const { tolerance, climbSteps: steps } = options;
  if (closer === null) return { climb: null, searches: [], isComplete: true };
  const longer = { ...context, options: { ...options, steps, batch: growingImages * options.batch } };
  const at = (tau: number, name: string, initial: Float32Array): Promise<SearchOutcome> =>
    searchTriggers(heldContext(longer, tau), `${name} ${label}`, [
      { target, initial, isFree: false, isKnown: true, isFollowed: true },
    ]);
  const first = await at(tolerance, "drawing outputs near a target", theta);
  if (!first.isComplete) return { climb: null, searches: [first], isComplete: false };
  const second = await at(closer, "drawing outputs closer to it", first.triggers[0]!.theta);
  const searches = [first, second];
  if (!second.isComplete) return { climb: null, searches, isComplete: false };
  const climb = Math.max(1, priceOf(second.triggers[0]!) / priceOf(first.triggers[0]!));
  return { climb, searches, isComplete: true };
}

/** The cost of a trigger, and where there is none the largest size that was tried. */
const priceOf = ({ cost, largest }: SearchedTrigger): number => cost ?? largest;
