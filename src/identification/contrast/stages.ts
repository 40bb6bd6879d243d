/** The stages of a family: a map of costs, a candidate whose trigger grows, and its contrast with controls and homes. */
import { createRandom } from "../../random.ts";
import type { ContrastMap } from "../identification.ts";
import { choose } from "./choosing.ts";
import {
  contrastChosen,
  costOf,
  type Finding,
  heldContext,
  pricedRow,
  type Rung,
  type Shelved,
} from "./contrasting.ts";
import { candidatesOf } from "./score.ts";
import { type SearchContext, type SearchedTrigger, type SearchOutcome, searchTriggers } from "./search.ts";
import { spreadTargets } from "./targets.ts";
import { isLikeLowest } from "./verdict.ts";

/** What a family gave. */
export interface FamilyOutcome {
  readonly context: SearchContext;
  /** The mean output, and where the other targets slid to; of the last map. */
  readonly map: readonly SearchedTrigger[];
  /** The lowest of each map; further ones only where that is a backdoor. */
  readonly findings: readonly Finding[];
  /** Every search that was done, in its order. */
  readonly searches: readonly SearchOutcome[];
  readonly isComplete: boolean;
}

/**
 * Does the stages of one family. What the time budget cuts short is left as it is, and says so.
 *
 * 1. A map: triggers are drawn to targets all over the outputs' range, roughly, and then let go, with their own mean output as the target,
 *    kept away from the homes. Each slides to where it is cheap to draw outputs close together: targets of a map need not lie
 *    near an attacker's, and the more outputs there are, the farther apart they lie. The mean itself is held, for comparison.
 * 2. The trigger of the cheapest, beside what the map lets expect, grows until its outputs no longer come closer together. The smallest
 *    that works is a faint shadow of an attacker's, and draws outputs to the side of the mean: where it leads when it has grown is the
 *    target, and so it has to be unlearnt in a repair.
 * 3. Where its outputs have come to is contrasted with controls at the same distance, and with the homes; at the first tolerance only if
 *    it is cheaper than the map lets expect, since what the closer map shows of others decides.
 *
 * Where that shows no backdoor, the map goes on with a tighter tolerance, and its cheapest is looked at likewise. A backdoor that was learnt
 * well draws outputs closer together than anything small does on a model without one, so the tighter, the plainer it is; one that was
 * learnt less well does not draw them so close.
 *
 * Throws what the searches throw.
 */
export async function searchFamily(context: SearchContext): Promise<FamilyOutcome> {
  const searches: SearchOutcome[] = [];
  const findings: Finding[] = [];
  let map: readonly SearchedTrigger[] | null = null;
  let shelved: Shelved | null = null;
  for (const rung of rungsOf(context)) {
    const mapped = await searchMap(context, rung, map);
    searches.push(mapped);
    map = endsOf(mapped);
    const looked: Looked | null = mapped.isComplete ? await lookAround(context, rung, map) : null;
    searches.push(...(looked?.searches ?? []));
    findings.push(...(looked?.findings ?? []));
    shelved ??= looked?.shelved ?? null;
    const isComplete = looked?.isComplete ?? false;
    // What does not come together roughly does not come together closely.
    const isHopeless = findings.length === 0 && shelved === null;
    const isBackdoored = findings.some(({ high }) => high < context.options.threshold);
    if (!isComplete || isHopeless || isBackdoored) return { context, map, findings, searches, isComplete };
  }
  const cameClose = findings.some(({ cost }) => cost !== null);
  if (cameClose || shelved === null) return { context, map: map!, findings, searches, isComplete: true };
  // What came together roughly is all there is to tell.
  const last = await contrastChosen(context, shelved);
  searches.push(last.search);
  if (last.finding !== null) findings.push(last.finding);
  return { context, map: shelved.ends, findings, searches, isComplete: last.finding !== null };
}

/** What there is around a map. */
interface Looked {
  readonly findings: readonly Finding[];
  /** The cheapest, where it is no dip and was left to the closer map. */
  readonly shelved: Shelved | null;
  readonly searches: readonly SearchOutcome[];
  readonly isComplete: boolean;
}

function rungsOf({ family, options }: SearchContext): readonly Rung[] {
  const { tolerance, tightTolerance, mapSteps, tightMapSteps, shallow } = options;
  const closer = `${family.name}, closer`;
  return [
    { tolerance, mapSteps, name: family.name, shallow: family.isContrastedClosely ? 0 : shallow },
    { tolerance: tightTolerance, mapSteps: tightMapSteps, name: closer, shallow: Number.POSITIVE_INFINITY },
  ];
}

/** Maps costs: from nothing, or from where the triggers of a map before have come to. */
function searchMap(
  context: SearchContext,
  { tolerance, mapSteps: steps, name }: Rung,
  before: readonly SearchedTrigger[] | null,
): Promise<SearchOutcome> {
  const { options, scale } = context;
  const again = before === null ? {} : { heldPart: 0, warmUp: 0, patience: 1 };
  const wanted =
    before ??
    spreadTargets(options.mapTargets, scale.std.length, options.reach).map((target, i) => ({
      target,
      theta: freshTheta(context, `map ${i}`),
    }));
  return searchTriggers(
    { ...context, options: { ...options, ...again, steps, tolerance } },
    `mapping costs (${name})`,
    wanted.map(({ target, theta }, i) => ({ target, initial: theta, isFree: i > 0 })),
  );
}

/** Where the targets of a map slid to; the mean, which is its first, was held. */
function endsOf({ triggers }: SearchOutcome): SearchedTrigger[] {
  return triggers.map((trigger, i) => (i === 0 ? trigger : { ...trigger, target: trigger.output }));
}

/** Looks at the cheapest of a map, and where that is a backdoor at further ones. */
async function lookAround(
  context: SearchContext,
  rung: Rung,
  ends: readonly SearchedTrigger[],
): Promise<Looked> {
  const { options, homes, setup, family } = context;
  const findings: Finding[] = [];
  const searches: SearchOutcome[] = [];
  const end = (rest: Partial<Looked> = {}): Looked => ({
    findings,
    searches,
    shelved: null,
    isComplete: true,
    ...rest,
  });
  while (findings.length <= options.extraFindings) {
    const known = findings.map(({ settled }) => settled);
    const candidates = candidatesOf(ends, homes, known, options).filter(
      ({ index }) => findings.length === 0 || isWorthALook(ends[index]!, findings[0]!, options.threshold),
    );
    if (candidates.length === 0) break;
    const label = `(${rung.name}${findings.length === 0 ? "" : `, dip ${findings.length + 1}`})`;
    const held = heldContext(context, rung);
    const { chosen, searches: done } = await choose(held, ends, candidates, label);
    searches.push(...done);
    if (chosen === null) return end({ isComplete: false });
    const shelved = { rung, ends, chosen, label };
    if (findings.length === 0 && chosen.ratio >= rung.shallow) {
      const message = `family ${family.name}: the cheapest target is no dip, ${chosen.ratio.toFixed(2)} of what others let expect`;
      setup.onEvent({ kind: "note", message });
      return end({ shelved });
    }
    const { finding, search } = await contrastChosen(context, shelved);
    searches.push(search);
    if (finding === null) return end({ isComplete: false });
    if (findings.length > 0 && !isLikeLowest(finding.score, findings[0]!.score, options.threshold)) break;
    findings.push(finding);
  }
  return end();
}

/**
 * Whether a further target may have a backdoor of its own: the first has one, and this is cheaper than what is cheap on any model. What
 * a map lets expect does not tell, since with several backdoors most of its targets have slid to one.
 */
function isWorthALook(candidate: SearchedTrigger, first: Finding, threshold: number): boolean {
  const home = Math.min(...first.homes.map(({ cost }) => cost ?? Number.POSITIVE_INFINITY));
  return first.score < threshold && costOf(candidate) < home;
}

/** The map as a report has it: the mean first, and where the others slid to. */
export function mapOf({ context, map }: FamilyOutcome): ContrastMap["map"] {
  return map.map((trigger) => pricedRow(trigger, context));
}

function freshTheta({ setup, family }: SearchContext, purpose: string): Float32Array {
  const [, c, h, w] = setup.benign.shape;
  return family.initial([c, h, w], createRandom(setup.seed).fork(`theta ${family.name} ${purpose}`));
}
