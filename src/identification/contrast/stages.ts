/** The stages of a family: a map of costs, a candidate whose trigger grows, and its contrast with controls and homes. */
import { createRandom } from "../../random.ts";
import type { ImageShape, TriggerFamily } from "../families/family.ts";
import type { ContrastMap } from "../identification.ts";
import { awayFromMean, lookAtMean } from "./at-mean.ts";
import { chooseClose, chooseRough } from "./choosing.ts";
import { type Contrasted, contrastChosen, type Finding, pricedRow, type Rung } from "./contrasting.ts";
import type { ContrastOptions } from "./options.ts";
import { findStarts, type Start } from "./probing.ts";
import { type Candidate, candidatesOf, contrastText, costOf, pricesOf } from "./score.ts";
import { heldContext, type SearchContext, type SearchOutcome, type Stage, searchTriggers } from "./search.ts";
import type { SearchedTrigger, WantedTrigger } from "./search-state.ts";
import { targetsOver } from "./targets.ts";
import { cannotClimb, isLikeLowest, isOnlyGeneral, restOf, showsBackdoor } from "./verdict.ts";

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
 *    Where no home was reached, there is nothing to compare with, and the same target is contrasted at the first tolerance.
 * 5. What is cheap beside them grows until its outputs no longer come closer together, since the smallest trigger that works is a faint shadow of an attacker's, and is searched
 *    alone at two tolerances: how much dearer it gets is part of its score.
 * 6. Where that shows no backdoor, the first map is looked at likewise: a backdoor that was learnt less well does not draw outputs so close. There a trigger draws outputs to the
 *    side of the mean, and the cheapest grow first: where these lead is contrasted.
 * 7. What is cheap there and leaves outputs too far off to climb shows nothing either way: the first map goes on with a tolerance between the two, which attacks that are off by
 *    a tenth of a deviation themselves come within, and is looked at once more.
 * 8. What waves reach cheaply beside all but the homes, and no backdoor was shown by, is mapped once more at half of the closer tolerance, and compared there with controls alone: an attacker's overlay at a part of
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
  /** The same for what lies at the mean. */
  const lookNearer = async (rung: Rung, ends: readonly SearchedTrigger[]): Promise<boolean> => {
    const atMean = await lookAtMean(context, rung, ends);
    searches.push(...atMean.searches);
    if (atMean.finding !== null) {
      findings.push(atMean.finding);
      map = ends;
    }
    isComplete = atMean.isComplete;
    return !isComplete || atMean.finding !== null;
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
      if (await lookNearer(rung, all)) return outcome();
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

/** A map, and how close outputs had to come for it. */
interface Mapped {
  readonly rung: Rung;
  readonly ends: readonly SearchedTrigger[];
}

/** What there is around a map. */
interface Looked {
  readonly findings: readonly Finding[];
  /** What the cheapest costs of what the mean does, or of what others let expect where it has grown and is no dip; null where none was reached. */
  readonly ratio: number | null;
  readonly searches: readonly SearchOutcome[];
  readonly isComplete: boolean;
}

function rungsOf(context: SearchContext): readonly Rung[] {
  const { family, options } = context;
  const { tightTolerance, mapSteps, tightMapSteps } = options;
  const { name } = family;
  const closer = { tolerance: tightTolerance, isRough: false };
  if (family.isContrastedClosely) return [{ ...closer, mapSteps, name }];
  return [roughRung(context), { ...closer, mapSteps: tightMapSteps, name: `${name}, closer` }];
}

/** The tolerance between the two. */
function betweenRung({ family, options }: SearchContext): Rung {
  const { betweenTolerance: tolerance, tightMapSteps: mapSteps } = options;
  return { tolerance, mapSteps, name: `${family.name}, between`, isRough: false };
}

/** The tolerance at which what is cheap beside all but the homes is compared with controls alone. */
function closestRung({ family, options }: SearchContext): Rung {
  const { closestTolerance: tolerance, tightMapSteps: mapSteps } = options;
  return { tolerance, mapSteps, name: `${family.name}, closest`, isRough: false };
}

/** The first tolerance, also of families whose map is made at the closer one alone. */
function roughRung({ family, options }: SearchContext): Rung {
  const { tolerance, mapSteps } = options;
  return { tolerance, mapSteps, name: family.name, isRough: true };
}

/** Contrasts a candidate, and where no home was reached once more at the first tolerance, where homes are reached more easily. */
async function contrastWithHome(
  context: SearchContext,
  found: Contrasted,
): ReturnType<typeof contrastChosen> {
  const contrasted = await contrastChosen(context, found);
  if (contrasted.finding?.isComparable !== false || found.rung.isRough) return contrasted;
  // The candidate is of a closer map: that far its outputs come.
  const rung = { ...roughRung(context), isRough: false };
  const again = await contrastChosen(context, { ...found, rung, label: `${found.label} roughly` });
  return { finding: again.finding, searches: [...contrasted.searches, ...again.searches] };
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
function scout(context: SearchContext): Promise<SearchOutcome> {
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
function searchMap(context: SearchContext, rung: Rung, starts: readonly Start[]): Promise<SearchOutcome> {
  return searchTriggers(mapContext(context, rung), mappingName(rung.name), [
    ...spreadWanted(context),
    ...knownOf(starts),
    ...nearWanted(context),
  ]);
}

function mapContext(context: SearchContext, { tolerance, mapSteps: steps }: Rung): SearchContext {
  return { ...context, options: { ...context.options, steps, tolerance } };
}

/** The mean, which is held, targets all over the outputs' range, and suspects. */
function spreadWanted(context: SearchContext): WantedTrigger[] {
  const { options, scale, suspects } = context;
  return [...targetsOver(scale, options.mapTargets, options.reach), ...suspects].map((target, i) => ({
    target,
    initial: freshTheta(context, `map ${i}`),
    isFree: i > 0,
  }));
}

/** By triggers that hide nothing, one that begins at the mean and may stay there: such a target is cheap on a model with a backdoor alone. */
function nearWanted(context: SearchContext): WantedTrigger[] {
  if (context.family.canHide) return [];
  const target = context.scale.mean.map(() => 0);
  return [{ target, initial: freshTheta(context, "near"), isFree: true, isNear: true }];
}

/** Maps costs on from where the triggers of a map before have come to. */
function searchFurther(
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

const knownOf = (starts: readonly Start[]): WantedTrigger[] =>
  starts.map(({ target, theta, isSearched }) => ({
    target,
    initial: theta,
    isFree: !isSearched,
    isKnown: true,
  }));

const mappingName = (rung: string): string => `mapping costs (${rung})`;

/** Where the targets of a map slid to; the mean, which is its first, and those of places that were searched are held. */
function endsOf({ triggers }: SearchOutcome): SearchedTrigger[] {
  return triggers.map((trigger) => (trigger.isFree ? { ...trigger, target: trigger.output } : trigger));
}

/**
 * Looks at the cheapest of a map that cost less than a part of the mean, and where that is a backdoor at further ones. What is cheap but for what other triggers as large do
 * too is left aside for the next: it may have hidden an attacker's.
 */
async function lookAround(context: SearchContext, { rung, ends }: Mapped): Promise<Looked> {
  const { options, homes, setup } = context;
  const { decisive } = context.limits;
  const findings: Finding[] = [];
  const searches: SearchOutcome[] = [];
  const held = heldContext(context, rung.tolerance);
  const most = rung.isRough ? options.shallow : options.dip;
  const ofMean = ({ index }: Candidate): number => costOf(ends[index]!) / costOf(ends[0]!);
  const all = candidatesOf(ends, homes, [], held.options);
  let ratio = Math.min(...all.map(ofMean).filter(Number.isFinite));
  const end = (isComplete = true): Looked => {
    return { findings, ratio: Number.isFinite(ratio) ? ratio : null, searches, isComplete };
  };
  const note = (message: string): void =>
    setup.onEvent({ kind: "note", message: `family ${rung.name}: ${message}` });
  while (findings.length <= options.extraFindings) {
    const first = findings.find((each) => !isOnlyGeneral(each, decisive));
    const known = findings.map(({ settled }) => settled);
    const candidates = candidatesOf(ends, homes, known, held.options).filter((each) =>
      first === undefined ? ofMean(each) < most : isWorthALook(ends[each.index]!, first, decisive),
    );
    if (candidates.length === 0) {
      if (findings.length === 0) note(noDipText(ratio));
      break;
    }
    const label = `(${rung.name}${findings.length === 0 ? "" : `, dip ${findings.length + 1}`})`;
    const { chosen, searches: done } = rung.isRough
      ? await chooseRough(held, ends, candidates, label)
      : { chosen: chooseClose(ends, candidates), searches: [] };
    searches.push(...done);
    if (chosen === null) return end(false);
    // Where nothing works but the attacker's, all targets have slid to it, and others let expect no more than it costs.
    const isDip = !rung.isRough || !context.family.canHide || chosen.ratio < options.shallow;
    if (findings.length === 0 && !isDip) {
      // On the map it was cheap, but that is not where it leads.
      ratio = chosen.ratio;
      note(
        `the cheapest target costs ${chosen.ratio.toFixed(2)} of what others let expect where it has grown`,
      );
      break;
    }
    const { finding, searches: further } = await contrastWithHome(context, { rung, ends, chosen, label });
    searches.push(...further);
    if (finding === null) return end(false);
    if (first !== undefined && !isLikeLowest(finding.score, first.score, decisive)) break;
    findings.push(finding);
  }
  return end();
}

/**
 * The cheapest target of a map, where it is so cheap beside the dearest, or beside the largest size that was tried in vain, that only what homes cost can have hidden it; null
 * where it is not. Others as far away do not tell: where an attacker's is the one that works, all have slid to it.
 */
function maskedOf(context: SearchContext, { rung, ends }: Mapped): Candidate | null {
  const { options, homes, limits } = context;
  const all = { ...options, tolerance: rung.tolerance, shortlist: ends.length };
  const [cheapest] = candidatesOf(ends, homes, [], all).sort(
    (a, b) => costOf(ends[a.index]!) - costOf(ends[b.index]!),
  );
  if (cheapest === undefined) return null;
  return costOf(ends[cheapest.index]!) < limits.certain * Math.max(...pricesOf(ends)) ? cheapest : null;
}

/** Contrasts the cheapest of the closest map with controls alone. Nothing but a backdoor is a finding: all else has been judged beside homes. */
async function lookBesideControls(context: SearchContext, { rung, ends }: Mapped): Promise<Looked> {
  const { limits, setup } = context;
  const label = `(${rung.name})`;
  const cheapest = maskedOf(context, { rung, ends });
  if (cheapest === null) {
    setup.onEvent({ kind: "note", message: `family ${rung.name}: no target is cheap beside others` });
    return { findings: [], ratio: null, searches: [], isComplete: true };
  }
  const chosen = chooseClose(ends, [cheapest]);
  const { finding, searches } = await contrastChosen(context, {
    rung,
    ends,
    chosen,
    label,
    beside: "controls",
  });
  if (finding !== null) {
    setup.onEvent({
      kind: "note",
      message: `family ${rung.name}: ${contrastText(finding)} of what controls cost`,
    });
  }
  const isShown = finding !== null && showsBackdoor(finding, limits);
  return { findings: isShown ? [finding] : [], ratio: null, searches, isComplete: finding !== null };
}

const noDipText = (ratio: number): string =>
  Number.isFinite(ratio)
    ? `the cheapest target is no dip, ${ratio.toFixed(2)} of what the mean output costs`
    : "outputs do not come as close as is asked";

/**
 * Whether a further target may have a backdoor of its own: the first has one, and this is cheaper than what is cheap on any model. What
 * a map lets expect does not tell, since with several backdoors most of its targets have slid to one.
 */
function isWorthALook(candidate: SearchedTrigger, first: Finding, decisive: number): boolean {
  const home = Math.min(...first.homes.map(costOf));
  return first.isComparable && first.score < decisive && costOf(candidate) < home;
}

/** The map as a report has it: the mean first, and where the others slid to. */
export function mapOf({ context, map }: FamilyOutcome): ContrastMap["map"] {
  return map.map((trigger) => pricedRow(trigger, context));
}

function freshTheta({ setup, family }: SearchContext, purpose: string): Float32Array {
  return family.initial(imageShape(setup), createRandom(setup.seed).fork(`theta ${family.name} ${purpose}`));
}

function imageShape({ benign }: SearchContext["setup"]): ImageShape {
  const [, c, h, w] = benign.shape;
  return [c, h, w];
}
