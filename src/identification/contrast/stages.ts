/** The stages of a family: a map of costs, a candidate whose trigger grows, and its contrast with controls and homes. */
import { createRandom } from "../../random.ts";
import type { ImageShape, TriggerFamily } from "../families/family.ts";
import type { ContrastMap } from "../identification.ts";
import { type Chosen, chooseClose, chooseRough } from "./choosing.ts";
import { contrastChosen, type Finding, pricedRow, type Rung, type Shelved } from "./contrasting.ts";
import type { ContrastOptions } from "./options.ts";
import { findStarts, type Start } from "./probing.ts";
import { candidatesOf, costOf } from "./score.ts";
import { heldContext, type SearchContext, type SearchOutcome, type Stage, searchTriggers } from "./search.ts";
import type { SearchedTrigger, WantedTrigger } from "./search-state.ts";
import { spreadTargets } from "./targets.ts";
import { isCertain, isLikeLowest } from "./verdict.ts";

/** What a family gave. */
export interface FamilyOutcome {
  readonly context: SearchContext;
  /** The mean output, and where the other targets slid to; of the last map. */
  readonly map: readonly SearchedTrigger[];
  /** The lowest of each map; further ones only where that is a backdoor. */
  readonly findings: readonly Finding[];
  /** What the cheapest costs of what others let expect, where it is no dip and nothing was contrasted; null otherwise. */
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
 * 3. The trigger of the cheapest, beside what the map lets expect, grows until its outputs no longer come closer together. The smallest
 *    that works is a faint shadow of an attacker's, and draws outputs to the side of the mean: where it leads when it has grown is the
 *    target, and so it has to be unlearnt in a repair.
 * 4. Where its outputs have come to is contrasted with controls at the same distance, and with the homes; at the first tolerance only if
 *    it is cheaper than the map lets expect, since what the closer map shows of others decides, and at the closer one only if outputs come so close.
 *    Where no home was reached at the closer one, there is nothing to compare with, and the same target is contrasted at the first.
 * 5. What is cheap beside them is searched alone at two tolerances: how much dearer it gets is part of its score.
 *
 * Where that shows no backdoor clearly, the map goes on with a tighter tolerance, and its cheapest is looked at likewise. A backdoor that was learnt
 * well draws outputs closer together than anything small does on a model without one, so the tighter, the plainer it is; one that was
 * learnt less well does not draw them so close.
 *
 * Throws what the searches throw.
 */
export async function searchFamily(context: SearchContext): Promise<FamilyOutcome> {
  const { options, setup } = context;
  const searches: Stage[] = [];
  const findings: Finding[] = [];
  const probed = await findStarts(context);
  searches.push(...(probed?.stages ?? []));
  const starts = probed?.starts ?? [];
  const scouted = isScouted(context.family, options, imageShape(setup)) ? await scout(context) : null;
  if (scouted !== null) {
    searches.push(scouted);
    const { isComplete, triggers } = scouted;
    if (!isComplete || triggers.every(({ cost }) => cost === null)) {
      return { context, map: endsOf(scouted), findings, noDip: null, searches, isComplete };
    }
  }
  let map: readonly SearchedTrigger[] = [];
  let first: Looked | null = null;
  for (const rung of rungsOf(context)) {
    const isFirst = first === null;
    const mapped: SearchOutcome = isFirst
      ? await searchMap(context, rung, starts)
      : await searchFurther(context, rung, map, starts);
    searches.push(mapped);
    map = endsOf(mapped);
    const looked: Looked | null = mapped.isComplete ? await lookAround(context, rung, map) : null;
    searches.push(...(looked?.searches ?? []));
    findings.push(...(looked?.findings ?? []));
    first ??= looked;
    if (looked === null || !looked.isComplete) {
      return { context, map, findings, noDip: null, searches, isComplete: false };
    }
    // What does not come together roughly does not come together closely.
    const isHopeless = isFirst && looked.chosen === null;
    const isClear = findings.some((finding) => isCertain(finding, context.limits));
    if (isHopeless || isClear) break;
  }
  const { shelved, chosen } = first!;
  if (findings.length === 0 && shelved !== null) {
    // What came together roughly is all there is to tell.
    const last = await contrastChosen(context, shelved);
    searches.push(...last.searches);
    if (last.finding !== null) findings.push(last.finding);
    return { context, map: shelved.ends, findings, noDip: null, searches, isComplete: last.finding !== null };
  }
  const noDip = findings.length === 0 && chosen !== null ? chosen.ratio : null;
  return { context, map, findings, noDip, searches, isComplete: true };
}

/** What there is around a map. */
interface Looked {
  readonly findings: readonly Finding[];
  /** The cheapest of all; null where nothing came near a target. */
  readonly chosen: Chosen | null;
  /** The cheapest, where it is a dip and was left to the closer map. */
  readonly shelved: Shelved | null;
  readonly searches: readonly SearchOutcome[];
  readonly isComplete: boolean;
}

function rungsOf({ family, options }: SearchContext): readonly Rung[] {
  const { tolerance, tightTolerance, mapSteps, tightMapSteps } = options;
  const { name } = family;
  const closer = { tolerance: tightTolerance, isRough: false };
  if (family.isContrastedClosely) return [{ ...closer, mapSteps, name }];
  return [
    { tolerance, mapSteps, name, isRough: true },
    { ...closer, mapSteps: tightMapSteps, name: `${name}, closer` },
  ];
}

/** Contrasts a candidate, and where no home was reached once more at the first tolerance, where homes are reached more easily. */
async function contrastWithHome(context: SearchContext, found: Shelved): ReturnType<typeof contrastChosen> {
  const contrasted = await contrastChosen(context, found);
  const rough = rungsOf(context).find(({ isRough }) => isRough);
  const isLast = contrasted.finding?.isComparable !== false || found.rung.isRough || rough === undefined;
  if (isLast) return contrasted;
  const again = await contrastChosen(context, { ...found, rung: rough, label: `${found.label} roughly` });
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
    spreadWanted(context).slice(0, 1 + scouts),
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
  ]);
}

function mapContext(context: SearchContext, { tolerance, mapSteps: steps }: Rung): SearchContext {
  return { ...context, options: { ...context.options, steps, tolerance } };
}

/** The mean, which is held, and targets all over the outputs' range. */
function spreadWanted(context: SearchContext): WantedTrigger[] {
  const { options, scale } = context;
  return spreadTargets(options.mapTargets, scale.std.length, options.reach).map((target, i) => ({
    target,
    initial: freshTheta(context, `map ${i}`),
    isFree: i > 0,
  }));
}

/** Maps costs on from where the triggers of a map before have come to. */
function searchFurther(
  context: SearchContext,
  { tolerance, mapSteps: steps, name }: Rung,
  before: readonly SearchedTrigger[],
  starts: readonly Start[],
): Promise<SearchOutcome> {
  const changes = { steps, tolerance, heldPart: 0, warmUp: 0, patience: 1 };
  return searchTriggers({ ...context, options: { ...context.options, ...changes } }, mappingName(name), [
    ...before.map(({ target, theta, isFree }) => ({ target, initial: theta, isFree })),
    ...knownOf(starts),
  ]);
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

/** Looks at the cheapest of a map, and where that is a backdoor at further ones. */
async function lookAround(
  context: SearchContext,
  rung: Rung,
  ends: readonly SearchedTrigger[],
): Promise<Looked> {
  const { options, homes, setup } = context;
  const { decisive } = context.limits;
  const findings: Finding[] = [];
  const searches: SearchOutcome[] = [];
  let cheapest: Chosen | null = null;
  const end = (rest: Partial<Looked> = {}): Looked => ({
    findings,
    chosen: cheapest,
    searches,
    shelved: null,
    isComplete: true,
    ...rest,
  });
  while (findings.length <= options.extraFindings) {
    const known = findings.map(({ settled }) => settled);
    const candidates = candidatesOf(ends, homes, known, options).filter(
      ({ index }) => findings.length === 0 || isWorthALook(ends[index]!, findings[0]!, decisive),
    );
    if (candidates.length === 0) break;
    const label = `(${rung.name}${findings.length === 0 ? "" : `, dip ${findings.length + 1}`})`;
    const held = heldContext(context, rung.tolerance);
    const { chosen, searches: done } = rung.isRough
      ? await chooseRough(held, ends, candidates, label)
      : { chosen: chooseClose(ends, candidates), searches: [] };
    searches.push(...done);
    if (chosen === null) return end({ isComplete: false });
    cheapest ??= chosen;
    const found = { rung, ends, chosen, label };
    if (findings.length === 0) {
      const isDip = rung.isRough ? chosen.ratio < options.shallow : chosen.isReached;
      if (!isDip) {
        setup.onEvent({ kind: "note", message: `family ${rung.name}: ${noDipText(chosen)}` });
        return end();
      }
      if (rung.isRough && options.roughContrast === "last") return end({ shelved: found });
    }
    const { finding, searches: further } = await contrastWithHome(context, found);
    searches.push(...further);
    if (finding === null) return end({ isComplete: false });
    if (findings.length > 0 && !isLikeLowest(finding.score, findings[0]!.score, decisive)) break;
    findings.push(finding);
  }
  return end();
}

function noDipText({ isReached, ratio }: Chosen): string {
  return isReached
    ? `the cheapest target is no dip, ${ratio.toFixed(2)} of what others let expect`
    : "outputs do not come as close as is asked";
}

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
