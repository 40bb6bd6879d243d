/** Maps of costs: targets all over the range of the outputs, and triggers of known kinds, searched at once. */
import { createRandom } from "../../random.ts";
import type { ImageShape, TriggerFamily } from "../families/family.ts";
import type { Rung } from "./contrasting.ts";
import type { ContrastOptions } from "./options.ts";
import type { Start } from "./probing.ts";
import { type SearchContext, type SearchOutcome, searchTriggers } from "./search.ts";
import type { SearchedTrigger, WantedTrigger } from "./search-state.ts";
import { targetsOver } from "./targets.ts";

/** A map, and how close outputs had to come for it. */
export interface Mapped {
  readonly rung: Rung;
  readonly ends: readonly SearchedTrigger[];
}

/** The tolerances of a family's maps, in their order. */
export function rungsOf(context: SearchContext): readonly Rung[] {
  const { family, options } = context;
  const { tightTolerance, mapSteps, tightMapSteps } = options;
  const { name } = family;
  const closer = { tolerance: tightTolerance, isRough: false };
  if (family.isContrastedClosely) return [{ ...closer, mapSteps, name }];
  return [roughRung(context), { ...closer, mapSteps: tightMapSteps, name: `${name}, closer` }];
}

/** The tolerance between the two. */
export function betweenRung({ family, options }: SearchContext): Rung {
  const { betweenTolerance: tolerance, tightMapSteps: mapSteps } = options;
  return { tolerance, mapSteps, name: `${family.name}, between`, isRough: false };
}

/** The tolerance at which what is cheap beside all but the homes is compared with controls alone. */
export function closestRung({ family, options }: SearchContext): Rung {
  const { closestTolerance: tolerance, tightMapSteps: mapSteps } = options;
  return { tolerance, mapSteps, name: `${family.name}, closest`, isRough: false };
}

/** The first tolerance, also of families whose map is made at the closer one alone. */
export function roughRung({ family, options }: SearchContext): Rung {
  const { tolerance, mapSteps } = options;
  return { tolerance, mapSteps, name: family.name, isRough: true };
}

/** Whether a few targets are tried in a family before all of the map are. */
export function isScouted(
  family: TriggerFamily,
  { scouts, mapTargets }: Pick<ContrastOptions, "scouts" | "mapTargets">,
  shape: ImageShape,
): boolean {
  return scouts > 0 && scouts < mapTargets && family.probes(shape) === null;
}

/** Whether anything works: a map of a few targets, until one of them does or none has. */
export function scout(context: SearchContext): Promise<SearchOutcome> {
  const { options, family } = context;
  const { scouts, patience } = options;
  const [rung] = rungsOf(context) as [Rung];
  return searchTriggers(
    mapContext(context, rung),
    scoutingName(family.name),
    [...spreadWanted(context).slice(0, 1 + scouts), ...nearWanted(context)],
    (triggers, part) => triggers.some(({ cost }) => cost !== null) || part >= patience,
  );
}

/** What the stage is called. */
export const scoutingName = (family: string): string => `trying a few targets (${family})`;

/** Maps costs from nothing, and from triggers of known kinds. */
export function searchMap(
  context: SearchContext,
  rung: Rung,
  starts: readonly Start[],
): Promise<SearchOutcome> {
  return searchTriggers(mapContext(context, rung), mappingName(rung.name), [
    ...spreadWanted(context),
    ...knownOf(starts),
    ...nearWanted(context),
  ]);
}

/** Maps costs on from where the triggers of a map before have come to. */
export function searchFurther(
  context: SearchContext,
  { tolerance, mapSteps: steps, name }: Rung,
  before: readonly SearchedTrigger[],
): Promise<SearchOutcome> {
  const changes = { steps, tolerance, heldPart: 0, warmUp: 0, patience: 1 };
  return searchTriggers(
    { ...context, options: { ...context.options, ...changes } },
    mappingName(name),
    before.map(({ target, theta, isFree, isNear }) => ({ target, initial: theta, isFree, isNear })),
  );
}

/** Where the targets of a map slid to; the mean, which is its first, and those of places that were searched are held. */
export function endsOf({ triggers }: SearchOutcome): SearchedTrigger[] {
  return triggers.map((trigger) => (trigger.isFree ? { ...trigger, target: trigger.output } : trigger));
}

function mapContext(context: SearchContext, { tolerance, mapSteps: steps }: Rung): SearchContext {
  return { ...context, options: { ...context.options, steps, tolerance } };
}

/**
 * The mean, which is held, targets all over the outputs' range, and suspects. What hidden images give is held, too, in a family that does not lead there by itself: a trigger that may slide stays on its way.
 */
function spreadWanted(context: SearchContext): WantedTrigger[] {
  const { options, scale, suspects, hidden, family } = context;
  const heldPlace = family.hiding === null ? hidden?.target : undefined;
  return [...targetsOver(scale, options.mapTargets, options.reach), ...suspects].map((target, i) => ({
    target,
    initial: freshTheta(context, `map ${i}`),
    isFree: i > 0 && target !== heldPlace,
  }));
}

/** By triggers that hide nothing, one that begins at the mean and may stay there: such a target is cheap on a model with a backdoor alone. */
function nearWanted(context: SearchContext): WantedTrigger[] {
  if (context.family.canHide) return [];
  const target = context.scale.mean.map(() => 0);
  return [{ target, initial: freshTheta(context, "near"), isFree: true, isNear: true }];
}

const knownOf = (starts: readonly Start[]): WantedTrigger[] =>
  starts.map(({ target, theta, isSearched }) => ({
    target,
    initial: theta,
    isFree: !isSearched,
    isKnown: true,
  }));

const mappingName = (rung: string): string => `mapping costs (${rung})`;

function freshTheta({ setup, family }: SearchContext, purpose: string): Float32Array {
  return family.initial(imageShape(setup), createRandom(setup.seed).fork(`theta ${family.name} ${purpose}`));
}

/** The shape of the clean images, [C, H, W]. */
export function imageShape({ benign }: SearchContext["setup"]): ImageShape {
  const [, c, h, w] = benign.shape;
  return [c, h, w];
}
