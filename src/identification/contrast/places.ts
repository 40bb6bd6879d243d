/** Places of known kinds of triggers, each searched for whatever small trigger draws outputs together there. */
import type { PlannedPhase } from "../../loops/work.ts";
import type { ProbePlaces } from "../families/family.ts";
import type { ContrastOptions } from "./options.ts";
import { nameOfRound, type SearchContext, type SearchOutcome, searchTriggers } from "./search.ts";

/** A probe that was tried. */
export interface TriedProbe {
  readonly index: number;
  readonly error: number;
  /** The mean output under it, in deviations from the mean, [d]. */
  readonly target: readonly number[];
}

/** What the stages are called. */
const placeSearchNames = (family: string): readonly [string, string] => [
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
 * @param probePlaces the places of the family's probes
 * @param tried all probes, the best first
 * @returns the searches in their order; the triggers of the last are those of the best places
 */
export async function searchPlaces(
  context: SearchContext,
  probePlaces: ProbePlaces,
  tried: readonly TriedProbe[],
): Promise<SearchOutcome[]> {
  const { options, family } = context;
  const { places, bestPlaces, placeSteps: steps, placeRate: learningRate } = options;
  const changes = { steps, learningRate, batch: placeImages, heldPart: 0, patience: 1, ...onlyErrors };
  const searched = { ...context, options: { ...options, ...changes } };
  const [first, second] = placeSearchNames(family.name);
  const wanted = oneAPlace(tried, probePlaces)
    .slice(0, places)
    .map(({ index, target }) => {
      const only = probePlaces.only(probePlaces.of(index));
      return { target, initial: probePlaces.initial(index), only, isFree: true };
    });
  const most = placesAtOnce(options);
  const all = await searchTriggers(searched, first, wanted, undefined, most);
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
  return [all, await searchTriggers(searched, second, best, undefined, most)];
}

/** Images in a step: few, since most places are only looked at. */
const placeImages = 4;

/** So many places are as many images in a step as a map has: memory that does for the one does for the other. */
function placesAtOnce({
  mapTargets,
  starts,
  batch,
}: Pick<ContrastOptions, "mapTargets" | "starts" | "batch">): number {
  return Math.max(1, Math.floor(((1 + mapTargets + starts) * batch) / placeImages));
}

/** The phases of the searches, with the images that pass through the model in each. */
export function plannedPlaceSearches(family: string, options: ContrastOptions): PlannedPhase[] {
  const { places, bestPlaces, placeSteps } = options;
  const most = placesAtOnce(options);
  return placeSearchNames(family).flatMap((name, i) => {
    const count = i === 0 ? places : Math.min(places, bestPlaces);
    const rounds = Math.ceil(count / most);
    return Array.from({ length: rounds }, (_, round) => ({
      phase: nameOfRound(name, round, rounds),
      work: Math.min(most, count - round * most) * placeSteps * placeImages,
    }));
  });
}

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
