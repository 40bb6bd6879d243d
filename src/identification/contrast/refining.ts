/** Places of known kinds of triggers, each searched for whatever small trigger draws outputs together there. */
import type { ProbePlaces } from "../families/family.ts";
import { type SearchContext, type SearchOutcome, searchTriggers } from "./search.ts";

/** A probe that was tried. */
export interface TriedProbe {
  readonly index: number;
  readonly error: number;
  /** The mean output under it, in deviations from the mean, [d]. */
  readonly target: readonly number[];
}

/** What the stages are called. */
export const refiningNames = (family: string): readonly [string, string] => [
  `searching places (${family})`,
  `searching the best places (${family})`,
];

/**
 * Searches the places of the probes that drew outputs closest together, for few steps: the pixels of a place may change, and no others, and its trigger's own
 * mean output is the target. The best places are searched for as long again.
 *
 * An attacker's patch need not be of one colour, nor lie where a probe does, and a search that may change all pixels finds another trigger before it: one that
 * is spread thinly. Within a place there is no other.
 *
 * Throws what the searches throw.
 *
 * @param of the places of the family's probes
 * @param tried all probes, the best first
 * @returns the searches in their order; the triggers of the last are those of the best places
 */
export async function searchPlaces(
  context: SearchContext,
  of: ProbePlaces,
  tried: readonly TriedProbe[],
): Promise<SearchOutcome[]> {
  const { options, family } = context;
  const { places, bestPlaces, placeSteps: steps, placeRate: learningRate } = options;
  const changes = { steps, learningRate, batch: placeImages, heldPart: 0, patience: 1, ...onlyErrors };
  const searched = { ...context, options: { ...options, ...changes } };
  const [first, second] = refiningNames(family.name);
  const wanted = oneAPlace(tried, of)
    .slice(0, places)
    .map(({ index, target }) => {
      return { target, initial: of.initial(index), only: of.only(of.of(index)), isFree: true };
    });
  const all = await searchTriggers(searched, first, wanted);
  if (!all.isComplete) return [all];
  const best = all.triggers
    .map(({ target, theta, error }, i) => ({
      target,
      error,
      initial: theta,
      isFree: true,
      only: wanted[i]!.only,
    }))
    .sort((a, b) => a.error - b.error)
    .slice(0, bestPlaces);
  return [all, await searchTriggers(searched, second, best)];
}

/** Images in a step: few, since most places are only looked at. */
export const placeImages = 4;

/** In few steps errors must not be smoothed over many, and sizes matter not at all. */
const onlyErrors = { smoothing: 0.5, warmUp: 1 };

/** The best probe of each place. */
function oneAPlace(tried: readonly TriedProbe[], places: ProbePlaces): TriedProbe[] {
  const seen = new Set<number>();
  return tried.filter(({ index }) => {
    const place = places.of(index);
    if (seen.has(place)) return false;
    seen.add(place);
    return true;
  });
}
