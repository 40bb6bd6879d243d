/** Which target of a map is contrasted: the cheapest ones grow, and are weighed against each other. */
import { type Candidate, expectedAt } from "./score.ts";
import { type SearchContext, type SearchOutcome, searchTriggers } from "./search.ts";
import type { SearchedTrigger } from "./search-state.ts";
import { distanceOf } from "./targets.ts";

/** The trigger of a map that is looked at. */
export interface Chosen {
  readonly candidate: SearchedTrigger;
  /** What is contrasted, in deviations from the mean, [d]. */
  readonly target: readonly number[];
  /** Its parameters as it has grown, and the error that they leave; null where it has not grown yet. */
  readonly grown: Pick<SearchedTrigger, "theta" | "error"> | null;
  /** Its cost over what its distance lets expect; 1 where it was not reached. */
  readonly ratio: number;
}

/** How many more images than a search a growing trigger sees in a step: they are few, and to be exact. */
export const growingImages = 2;
/** The part of the steps in which the size weighs next to nothing; the trigger is taken from the rest. */
const growingPart = 0.9;

/** Lets triggers grow until their outputs no longer come closer together, each with its own mean output as the target. */
export function letGrow(
  context: SearchContext,
  started: readonly Pick<SearchedTrigger, "target" | "theta" | "isNear">[],
  label: string,
): Promise<SearchOutcome> {
  const { options } = context;
  const { growingSteps: steps, batch, gentleWeight: initialWeight } = options;
  const growing = { ...options, steps, batch: growingImages * batch, warmUp: growingPart, initialWeight };
  return searchTriggers(
    { ...context, options: growing },
    `letting triggers grow ${label}`,
    started.map(({ target, theta, isNear }, i) => {
      return { target, initial: theta, isFree: true, isNear, isFollowed: i === 0 };
    }),
  );
}

/**
 * Chooses the cheapest of a map that is close: each trigger's own mean output, within the tolerance, is where it leads.
 *
 * @param ends the map
 * @param candidates the cheapest first, at least one
 */
export function chooseClose(ends: readonly SearchedTrigger[], candidates: readonly Candidate[]): Chosen {
  const { index, ratio } = candidates[0]!;
  const candidate = ends[index]!;
  return { candidate, target: candidate.target, grown: null, ratio };
}

/**
 * Chooses among the cheapest of a rough map: their triggers grow, and what it costs to come to where these lead is weighed. On the map each is
 * one of many and still on its way, and a faint shadow of an attacker's draws outputs to the side of the mean.
 *
 * Throws what the searches throw.
 *
 * @param context with the tolerance of the map, and no part in which targets are held
 * @param ends the map
 * @param label what its searches are called by
 * @returns null in the place of the chosen one when the time ran out
 */
export async function chooseRough(
  context: SearchContext,
  ends: readonly SearchedTrigger[],
  candidates: readonly Candidate[],
  label: string,
): Promise<{ chosen: Chosen | null; searches: SearchOutcome[] }> {
  const { options, homes } = context;
  const { growingSteps: steps } = options;
  const started = candidates.map(({ index }) => ends[index]!);
  const grown = await letGrow(context, started, label);
  if (!grown.isComplete) return { chosen: null, searches: [grown] };
  const weighed = await searchTriggers(
    { ...context, options: { ...options, steps } },
    `weighing candidates ${label}`,
    grown.triggers.map(({ output }, i) => ({
      target: output,
      initial: started[i]!.theta,
      isFree: false,
      isKnown: true,
      isFollowed: i === 0,
    })),
  );
  const searches = [grown, weighed];
  if (!weighed.isComplete) return { chosen: null, searches };
  const choices = weighed.triggers.map(({ target, cost }, i): Chosen => {
    return {
      candidate: started[i]!,
      target,
      grown: grown.triggers[i]!,
      ratio: cost === null ? 1 : cost / expectedAt(target, ends, options),
    };
  });
  // One that has grown into a home has no controls that differ from it.
  const away = choices.filter(({ target }) =>
    homes.every((home) => distanceOf(target, home) >= options.leastDistance),
  );
  const chosen = (away.length > 0 ? away : choices).reduce((low, each) =>
    each.ratio < low.ratio ? each : low,
  );
  return { chosen, searches };
}
