/** The stages of a family: a map of costs, a candidate whose trigger grows, and its contrast with controls and homes. */
import type { ContrastMap } from "../identification.ts";
import { awayFromMean, lookAtMean } from "./at-mean.ts";
import { type Finding, pricedRow, type Rung } from "./contrasting.ts";
import { lookAround, lookBesideControls, maskedOf } from "./looking.ts";
import {
  betweenRung,
  closestRung,
  endsOf,
  imageShape,
  isScouted,
  type Mapped,
  rungsOf,
  scout,
  searchFurther,
  searchMap,
} from "./mapping.ts";
import { findStarts } from "./probing.ts";
import { candidatesOf } from "./score.ts";
import type { SearchContext, SearchOutcome, Stage } from "./search.ts";
import type { SearchedTrigger } from "./search-state.ts";
import { cannotClimb, restOf, showsBackdoor } from "./verdict.ts";

/** What a family gave. */
export interface FamilyOutcome {
  readonly context: SearchContext;
  /** The mean output, and where the other targets slid to; of the last map, or of the one that showed what was found. */
  readonly map: readonly SearchedTrigger[];
  /** The lowest of each map that was looked at; further ones only where that is a backdoor. */
  readonly findings: readonly Finding[];
  /** What the cheapest of a map costs of what the mean or others let expect, where it is no dip and nothing was contrasted; null otherwise. */
  readonly noDip: number | null;
  /** What was tried and searched, in its order. */
  readonly searches: readonly Stage[];
  readonly isComplete: boolean;
}

/**
 * Does the stages of one family. What the time budget cuts short is left as it is, and says so.
 *
 * 1. Triggers of known kinds are tried, where the family has any, and the best of their places searched for any trigger that draws outputs together; else a few targets, and where nothing works nothing more is searched.
 * 2. A map: triggers are drawn to targets all over the outputs' range, roughly, and then let go, with their own mean output as the target,
 *    kept away from the homes. Each slides to where it is cheap to draw outputs close together: targets of a map need not lie
 *    near an attacker's, and the more outputs there are, the farther apart they lie. The known ones that drew outputs together are among
 *    them. The mean itself is held, for comparison.
 * 3. The map goes on with a tighter tolerance. A backdoor that was learnt well draws outputs closer together than anything small does on a model without one, so the
 *    tighter, the plainer it is: where patches were contrasted at both tolerances on a backdoored model, the closer one scored lower on all but one.
 * 4. Where the cheapest has come to is contrasted with controls at the same distance, and with the homes, if on the map it costs less than a part of what the mean does.
 *    Where it was reached and no home was, there is nothing to compare with, and the same target is contrasted at the first tolerance.
 * 5. What is cheap beside them grows until its outputs no longer come closer together, since the smallest trigger that works is a faint shadow of an attacker's, and is searched
 *    alone at two tolerances: how much dearer it gets is part of its score.
 * 6. Where that shows no backdoor, the first map is looked at likewise: a backdoor that was learnt less well does not draw outputs so close. There a trigger draws outputs to the
 *    side of the mean, and the cheapest grow first: where these lead is contrasted.
 * 7. What is cheap there and leaves outputs too far off to climb shows nothing either way: the first map goes on with a tolerance between the two, which attacks that are off by
 *    a tenth of a deviation themselves come within, and is looked at once more.
 * 8. What waves reach cheaply beside all but the homes, and no backdoor was shown by, is mapped once more at half of the closer tolerance, and compared there with controls alone, and what hidden images give where that is a home: an attacker's overlay at a part of
 *    its strength draws outputs near the mean, so that the mean is as cheap as its target, or no home is reached at all.
 *
 * By triggers that hide nothing, warps, what works at all is the attacker's, as plain roughly as closely: their first map is looked at first, and the closer one made
 * only where that shows no backdoor. One of them begins at the mean and may stay there: what is reached there is contrasted with targets farther away, since homes and controls as near tell nothing of it.
 *
 * Throws what the searches throw.
 */
export async function searchFamily(context: SearchContext): Promise<FamilyOutcome> {
  const { options, setup, family, limits } = context;
  const searches: Stage[] = [];
  const findings: Finding[] = [];
  let map: readonly SearchedTrigger[] = [];
  const ratios: number[] = [];
  let isComplete = true;
  const outcome = (): FamilyOutcome => {
    const noDip = isComplete && findings.length === 0 && ratios.length > 0 ? Math.min(...ratios) : null;
    return { context, map, findings, noDip, searches, isComplete };
  };
  const probed = await findStarts(context);
  searches.push(...(probed?.stages ?? []));
  const starts = probed?.starts ?? [];
  const scouted = isScouted(family, options, imageShape(setup)) ? await scout(context) : null;
  if (scouted !== null) {
    searches.push(scouted);
    map = endsOf(scouted);
    isComplete = scouted.isComplete;
    if (!isComplete || scouted.triggers.every(({ cost }) => cost === null)) return outcome();
  }
  /** Whether there is nothing left to look for: a backdoor is shown, or the time is up. */
  const lookAt = async (mapped: Mapped, look = lookAround): Promise<boolean> => {
    const looked = await look(context, mapped);
    searches.push(...looked.searches);
    findings.push(...looked.findings);
    if (looked.findings.length > 0) map = mapped.ends;
    if (looked.ratio !== null) ratios.push(looked.ratio);
    isComplete = looked.isComplete;
    return !isComplete || looked.findings.some((finding) => showsBackdoor(finding, limits));
  };
  const mapFurther = async ({ ends }: Mapped, rung: Rung): Promise<Mapped> => {
    const mapped = await searchFurther(context, rung, ends);
    searches.push(mapped);
    isComplete = mapped.isComplete;
    return { rung, ends: endsOf(mapped) };
  };
  const maps: Mapped[] = [];
  let all: readonly SearchedTrigger[] | null = null;
  for (const rung of rungsOf(context)) {
    const mapped: SearchOutcome =
      all === null ? await searchMap(context, rung, starts) : await searchFurther(context, rung, all);
    searches.push(mapped);
    all = endsOf(mapped);
    const whole = { rung, ends: awayFromMean(all, options) };
    map = whole.ends;
    isComplete = mapped.isComplete;
    if (!isComplete) return outcome();
    const isReached =
      candidatesOf(map, context.homes, [], { ...options, tolerance: rung.tolerance }).length > 0;
    if (isReached) maps.push(whole);
    if (!family.canHide) {
      if (isReached && (await lookAt(whole))) return outcome();
      if (await lookAt({ rung, ends: all }, lookAtMean)) return outcome();
    }
    // What does not come together roughly does not come together closely.
    if (!isReached) break;
  }
  for (const mapped of family.canHide ? maps.toReversed() : []) {
    if (await lookAt(mapped)) return outcome();
  }
  const [first] = maps;
  if (first !== undefined && family.isContrastedClosely && maskedOf(context, first) !== null) {
    const closest = await mapFurther(first, closestRung(context));
    if (isComplete) await lookAt(closest, lookBesideControls);
    return outcome();
  }
  // What is cheap but for what others do is asked too: loosely learnt attacks are answered in other colours.
  const isOpen = findings.some((each) => cannotClimb(each) && each.low * restOf(each) < options.threshold);
  if (first === undefined || !first.rung.isRough || !isOpen) return outcome();
  const between = await mapFurther(first, betweenRung(context));
  if (isComplete) await lookAt(between);
  return outcome();
}

/** The map as a report has it: the mean first, and where the others slid to. */
export function mapOf({ context, map }: FamilyOutcome): ContrastMap["map"] {
  return map.map((trigger) => pricedRow(trigger, context));
}
