/** Which target of a map is contrasted: the cheapest ones grow, and are weighed against each other. */
import { type Candidate, expectedAt } from "./score.ts";
import { type SearchContext, type SearchedTrigger, type SearchOutcome, searchTriggers } from "./search.ts";
import { distanceOf } from "./targets.ts";

/** The trigger of a map that is looked at, and how it has grown. */
export interface Chosen {
  readonly candidate: SearchedTrigger;
  readonly end: SearchedTrigger;
  /** Its cost over what its distance lets expect; 1 where it was not reached. */
  readonly ratio: number;
}

/** How many more images than a search a growing trigger sees in a step: they are few, and to be exact. */
export const growingImages = 2;
/** The part of the steps in which the size weighs next to nothing; the trigger is taken from the rest. */
const growingPart = 0.9;

/**
 * Chooses among the cheapest of a map: their triggers grow, and what it costs to come to where these lead is weighed. On the map each is
 * one of many and still on its way.
 *
 * Throws what the searches throw.
 *
 * @param context with the tolerance of the map, and no part in which targets are held
 * @param ends the map
 * @param label what its searches are called by
 * @returns null in the place of the chosen one when the time ran out
 */
export async function choose(
  context: SearchContext,
  ends: readonly SearchedTrigger[],
  candidates: readonly Candidate[],
  label: string,
): Promise<{ chosen: Chosen | null; searches: SearchOutcome[] }> {
  const { options, homes } = context;
  const { growingSteps: steps, batch } = options;
  const started = candidates.map(({ index }) => ends[index]!);
  const growing = { ...options, steps, batch: growingImages * batch, warmUp: growingPart };
  const grown = await searchTriggers(
    { ...context, options: growing },
    `letting triggers grow ${label}`,
    started.map(({ target, theta }) => ({ target, initial: theta, isFree: true })),
  );
  if (!grown.isComplete) return { chosen: null, searches: [grown] };
  const weighed = await searchTriggers(
    { ...context, options: { ...options, steps } },
    `weighing candidates ${label}`,
    grown.triggers.map(({ output }, i) => ({ target: output, initial: started[i]!.theta, isFree: false })),
  );
  const searches = [grown, weighed];
  if (!weighed.isComplete) return { chosen: null, searches };
  const choices = weighed.triggers.map(({ target, cost }, i) => ({
    candidate: started[i]!,
    end: grown.triggers[i]!,
    ratio: cost === null ? 1 : cost / expectedAt(target, ends, options),
    isNearHome: homes.some((home) => distanceOf(target, home) < options.leastDistance),
  }));
  // One that has grown into a home has no controls that differ from it.
  const away = choices.filter(({ isNearHome }) => !isNearHome);
  const { candidate, end, ratio } = (away.length > 0 ? away : choices).reduce((low, each) =>
    each.ratio < low.ratio ? each : low,
  );
  return { chosen: { candidate, end, ratio }, searches };
}
