/** Triggers of the kinds that attackers are known to use: the ones that draw outputs together are where a map begins too. */
import { batchAt, pixelsOf } from "../../loops/batches.ts";
import { runLoop } from "../../loops/loop.ts";
import { columnMeans, meanScaledDistance } from "../../metrics/statistics.ts";
import { createRandom } from "../../random.ts";
import type { Probes } from "../families/family.ts";
import { searchPlaces, type TriedProbe } from "./places.ts";
import { toDeviations } from "./scale.ts";
import { type SearchContext, type Stage, sizeWithin } from "./search.ts";
import { distanceOf } from "./targets.ts";
import { trialsOn } from "./trials.ts";

/** A probe that draws outputs together. */
export interface Start {
  /** The mean output under it, in deviations from the mean, [d]. */
  readonly target: readonly number[];
  /** [n] */
  readonly theta: Float32Array;
  /** Whether a search has shown that it leads there, so that this is the target to hold: the smaller it gets, the nearer it would slide to a home. */
  readonly isSearched: boolean;
}

/** What the probes of a family gave. */
export interface ProbeOutcome {
  readonly starts: readonly Start[];
  /** What was tried and searched, in its order. */
  readonly stages: readonly Stage[];
  readonly isComplete: boolean;
}

interface ProbeState {
  /** The mean error to the probe's own mean output, [count]. */
  readonly errors: Float32Array;
  /** That mean output, [count d]. */
  readonly outputs: Float32Array;
}

/**
 * Tries a family's probes on a few images, searches the best of their places, and chooses the triggers under which outputs are closest together, by
 * the objective's error to their own mean; away from the homes, and apart from each other. Those of places come first, then probes as they are. Each only gives a
 * search a place to begin: its cost is found as any other's.
 *
 * Throws what {@link runLoop} throws.
 *
 * @returns null for a family without probes
 */
export async function findStarts(context: SearchContext): Promise<ProbeOutcome | null> {
  const { setup, options, family } = context;
  const [, c, h, w] = setup.benign.shape;
  const probes = family.probes([c, h, w]);
  if (probes === null || options.starts === 0) return null;
  const { tried, stage } = await tryProbes(context, probes);
  if (!stage.isComplete) return { starts: [], stages: [stage], isComplete: false };
  const { places } = probes;
  const searches = places === null || options.places === 0 ? [] : await searchPlaces(context, places, tried);
  const stages = [stage, ...searches];
  if (searches.some(({ isComplete }) => !isComplete)) return { starts: [], stages, isComplete: false };
  const searched = (searches.at(-1)?.triggers ?? [])
    .map(({ error, output, theta }) => ({ error, target: output, theta: () => theta, isSearched: true }))
    .sort((a, b) => a.error - b.error);
  const asTheyAre = tried.map(({ index, ...rest }) => {
    return { ...rest, theta: () => probes.theta(index), isSearched: false };
  });
  return { starts: chosenOf([...searched, ...asTheyAre], context), stages, isComplete: true };
}

/** Tries probes on a few images; what they gave is sorted by how close together outputs were. */
async function tryProbes(
  context: SearchContext,
  probes: Probes,
): Promise<{ tried: TriedProbe[]; stage: Stage }> {
  const { setup, options, family, scale } = context;
  const [count] = setup.benign.shape;
  const name = probingName(family.name);
  const batch = Math.min(options.probeImages, count);
  const { triggers: k } = await sizeWithin(context, options.mapTargets + 1, batch);
  const image = pixelsOf(setup.benign, batchAt(0, count, batch, createRandom(setup.seed).fork(name)));
  const d = scale.std.length;
  const steps = Math.ceil(probes.count / k);
  const trials = await trialsOn(context, image, k);
  try {
    const found = await runLoop<ProbeState>(setup, {
      phase: name,
      steps,
      key: `${setup.runKey}-${name.replaceAll(/\W+/g, "-")}`,
      initial: { errors: new Float32Array(probes.count), outputs: new Float32Array(probes.count * d) },
      deadline: context.deadline,
      keepsEnd: true,
      toSaved: (state) => ({ ...state }),
      fromSaved: (arrays) => arrays as unknown as ProbeState,
      async step(state, step) {
        const tried = Array.from({ length: Math.min(k, probes.count - step * k) }, (_, i) => step * k + i);
        const under = await trials.outputsUnder(tried.map((index) => probes.theta(index)));
        const [errors, means] = [state.errors.slice(), state.outputs.slice()];
        tried.forEach((index, i) => {
          const own = under[i]!;
          const mean = columnMeans(own, d);
          errors[index] = meanScaledDistance(own, mean, scale.std);
          means.set(mean, index * d);
        });
        const least = errors.subarray(0, tried.at(-1)! + 1).reduce((low, each) => Math.min(low, each));
        return { state: { errors, outputs: means }, values: { error: least } };
      },
    });
    const { errors, outputs } = found.state;
    const tried = Array.from(errors, (error, index) => ({
      index,
      error,
      target: toDeviations(outputs.subarray(index * d, (index + 1) * d), scale),
    })).sort((a, b) => a.error - b.error);
    const isComplete = found.steps === steps;
    return { tried, stage: { name, isComplete, steps: found.steps, history: found.history } };
  } finally {
    await trials.release();
  }
}

/** What the stage is called. */
export const probingName = (family: string): string => `trying known kinds of triggers (${family})`;

/** A trigger that may be a start. */
interface PossibleStart extends Omit<TriedProbe, "index"> {
  /** Made when it is one: there are thousands. */
  readonly theta: () => Float32Array;
  readonly isSearched: boolean;
}

function chosenOf(possible: readonly PossibleStart[], { options, homes }: SearchContext): Start[] {
  const chosen: Start[] = [];
  for (const { error, target, theta, isSearched } of possible) {
    if (chosen.length === options.starts) break;
    const isAway = homes.every((home) => distanceOf(home, target) >= options.slideDistance);
    const isNew = chosen.every((known) => distanceOf(known.target, target) >= options.leastDistance);
    if (error < options.startTolerance && isAway && isNew)
      chosen.push({ target, theta: theta(), isSearched });
  }
  return chosen;
}
