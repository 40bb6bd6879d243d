/** The stages of a family: a map of costs, a candidate whose trigger grows, and its contrast with controls and homes. */
import { createRandom } from "../../random.ts";
import type { ContrastFinding, ContrastMap } from "../identification.ts";
import { choose } from "./choosing.ts";
import type { ContrastOptions } from "./options.ts";
import { toOutputs } from "./scale.ts";
import { type Candidate, candidatesOf, contrastOf, pricesOf } from "./score.ts";
import { type SearchContext, type SearchedTrigger, type SearchOutcome, searchTriggers } from "./search.ts";
import { controlTargets, distanceOf, spreadTargets } from "./targets.ts";

/** A dip that was looked at, and the trigger in it. */
export interface Finding extends ContrastFinding {
  /** The parameters of its trigger as it had grown, [n]. */
  readonly theta: Float32Array;
  /** What was contrasted, in deviations from the mean, [d]. */
  readonly settled: readonly number[];
}

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
 * 3. Where its outputs have come to is contrasted with controls at the same distance, and with the homes.
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
  for (const rung of rungsOf(context)) {
    const mapped = await searchMap(context, rung, map);
    searches.push(mapped);
    map = endsOf(mapped);
    const looked = mapped.isComplete ? await lookAround(context, rung, map) : null;
    searches.push(...(looked?.searches ?? []));
    findings.push(...(looked?.findings ?? []));
    const isComplete = looked?.isComplete ?? false;
    // What does not come together roughly does not come together closely.
    const isHopeless = findings.length === 0;
    const isBackdoored = findings.some(({ high }) => high < context.options.threshold);
    if (!isComplete || isHopeless || isBackdoored) return { context, map, findings, searches, isComplete };
  }
  return { context, map: map!, findings, searches, isComplete: true };
}

/** How close together outputs are drawn, and for how long. */
interface Rung {
  /** tau */
  readonly tolerance: number;
  readonly mapSteps: number;
  /** What its stages are called, beside the family. */
  readonly name: string;
}

function rungsOf({ family, options }: SearchContext): readonly Rung[] {
  const { tolerance, tightTolerance, mapSteps, tightMapSteps } = options;
  return [
    { tolerance, mapSteps, name: family.name },
    { tolerance: tightTolerance, mapSteps: tightMapSteps, name: `${family.name}, closer` },
  ];
}

/** Maps costs: from nothing, or from where the triggers of a map before have come to. */
function searchMap(
  context: SearchContext,
  { tolerance, mapSteps: steps, name }: Rung,
  before: readonly SearchedTrigger[] | null,
): Promise<SearchOutcome> {
  const { options, scale } = context;
  const again = before === null ? {} : { heldPart: 0, warmUp: 0 };
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
): Promise<Pick<FamilyOutcome, "findings" | "searches" | "isComplete">> {
  const { options, homes } = context;
  const findings: Finding[] = [];
  const searches: SearchOutcome[] = [];
  while (findings.length <= options.extraFindings) {
    const known = findings.map(({ settled }) => settled);
    const candidates = candidatesOf(ends, homes, known, options).filter(
      ({ index }) => findings.length === 0 || isWorthALook(ends[index]!, findings[0]!, options.threshold),
    );
    if (candidates.length === 0) break;
    const looked = await lookAt(context, rung, ends, candidates, findings.length + 1);
    searches.push(...looked.searches);
    if (looked.finding === null) return { findings, searches, isComplete: false };
    if (findings.length > 0 && !isLike(looked.finding, findings[0]!, options.threshold)) break;
    findings.push(looked.finding);
  }
  return { findings, searches, isComplete: true };
}

/**
 * Whether a further target may have a backdoor of its own: the first has one, and this is cheaper than what is cheap on any model. What
 * a map lets expect does not tell, since with several backdoors most of its targets have slid to one.
 */
function isWorthALook(candidate: SearchedTrigger, first: Finding, threshold: number): boolean {
  const home = Math.min(...first.homes.map(({ cost }) => cost ?? Number.POSITIVE_INFINITY));
  return first.score < threshold && costOf(candidate) < home;
}

/**
 * Whether a further finding is a backdoor as the first is: by ratio nearer to its score than to the threshold. Where there is one, all else
 * is dearer than on a model without, and what is cheap anyway scores lower than there.
 */
function isLike({ score }: Pick<Finding, "score">, first: Finding, threshold: number): boolean {
  return score < Math.sqrt(first.score * threshold);
}

/** The map as a report has it: the mean first, and where the others slid to. */
export function mapOf({ context, map }: FamilyOutcome): ContrastMap["map"] {
  return map.map((trigger) => pricedRow(trigger, context));
}

/**
 * Contrasts a candidate with controls; the finding is null when the time ran out.
 *
 * Controls go through as many steps as the candidate: it begins at its trigger of the map, not at the one that has grown, and each control
 * at the trigger whose target slid nearest to it. A cost falls with every step, and a candidate that was searched for longer would be
 * cheap on any model.
 */
async function lookAt(
  context: SearchContext,
  rung: Rung,
  ends: readonly SearchedTrigger[],
  candidates: readonly Candidate[],
  number: number,
): Promise<{ finding: Finding | null; searches: SearchOutcome[] }> {
  const { options, setup } = context;
  const { restarts, leastAngle } = options;
  const label = `(${rung.name}${number === 1 ? "" : `, dip ${number}`})`;
  // Nothing is let go here: what is contrasted is held where it has come to.
  const held = { ...context, options: { ...options, heldPart: 0, tolerance: rung.tolerance } };
  const { chosen, searches } = await choose(held, ends, candidates, label);
  if (chosen === null) return { finding: null, searches };
  const { candidate, end, ratio } = chosen;
  const { theta, output: target } = end;
  const random = createRandom(setup.seed).fork(`controls ${label}`);
  const others = ends.filter((each) => each !== candidate);
  const close = { ...held, options: { ...held.options, tolerance: toleranceFor(end, rung, options) } };
  const contrast = await searchTriggers(close, `contrasting a target with controls ${label}`, [
    ...startsFrom(context, candidate.theta, `contrast ${label}`).map((initial) => ({
      target,
      initial,
      isFree: false,
    })),
    ...controlTargets(target, options.controls, leastAngle, random).map((control) => ({
      target: control,
      initial: nearestTo(control, others).theta,
      isFree: false,
    })),
    // The mean is the first of the map, and held there.
    ...context.homes.map((home) => ({
      target: home,
      initial: ends[0]!.theta,
      isFree: false,
    })),
  ]);
  searches.push(contrast);
  if (!contrast.isComplete) return { finding: null, searches };
  const prices = pricesOf(contrast.triggers);
  const parts = <T>(all: readonly T[]): [T[], T[], T[]] => [
    all.slice(0, restarts),
    all.slice(restarts, -context.homes.length),
    all.slice(-context.homes.length),
  ];
  const [again, controls, homes] = parts(contrast.triggers);
  const best = again.reduce((low, each) => (costOf(each) < costOf(low) ? each : low));
  const finding = {
    ...pricedRow(best, context),
    ...contrastOf(...parts(prices), options, random.fork("bootstrap")),
    restarts: again.map(({ cost }) => cost),
    controls: controls.map((control) => pricedRow(control, context)),
    homes: homes.map((home) => pricedRow(home, context)),
    ratio,
    theta,
    settled: target,
  };
  return { finding, searches };
}

/** How much larger than the error of a grown trigger its tolerance is: those of smaller batches vary. */
const slack = 1.5;

/**
 * How close together outputs must be in a contrast: as on the map, or as the grown trigger brings them. An attack that was
 * learnt badly draws them to its target only roughly.
 */
function toleranceFor(
  { cost, error }: SearchedTrigger,
  { tolerance }: Rung,
  { tolerance: most }: ContrastOptions,
): number {
  return cost === null ? Math.max(tolerance, Math.min(most, slack * error)) : tolerance;
}

const costOf = ({ cost }: SearchedTrigger): number => cost ?? Number.POSITIVE_INFINITY;

function nearestTo(target: readonly number[], searched: readonly SearchedTrigger[]): SearchedTrigger {
  return searched.reduce((near, each) =>
    distanceOf(each.target, target) < distanceOf(near.target, target) ? each : near,
  );
}

/** How far apart searches from one trigger begin, in theta's own units: a sigmoid moves by a few hundredths. */
const startNoise = 0.2;

/** Parameters of several searches around one trigger; the first begins at it. */
function startsFrom(context: SearchContext, theta: Float32Array, purpose: string): Float32Array[] {
  const { setup, family, options } = context;
  const random = createRandom(setup.seed).fork(`starts ${family.name} ${purpose}`);
  return Array.from({ length: options.restarts }, (_, i) =>
    i === 0 ? theta : theta.map((value) => value + startNoise * random.normal()),
  );
}

function freshTheta({ setup, family }: SearchContext, purpose: string): Float32Array {
  const [, c, h, w] = setup.benign.shape;
  return family.initial([c, h, w], createRandom(setup.seed).fork(`theta ${family.name} ${purpose}`));
}

function pricedRow({ target, cost }: SearchedTrigger, { scale }: SearchContext): ContrastMap["map"][number] {
  return { target: toOutputs(target, scale), distance: distanceOf(target), cost };
}
