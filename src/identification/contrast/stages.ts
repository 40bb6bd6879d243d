/** The stages of a family: a map of costs, a candidate that settles, and its contrast with controls. */
import { createRandom } from "../../random.ts";
import type { ContrastFinding, ContrastMap } from "../identification.ts";
import { toOutputs } from "./scale.ts";
import { candidateOf, contrastOf, expectedAt, pricesOf } from "./score.ts";
import {
  type SearchContext,
  type SearchedTrigger,
  type SearchOutcome,
  searchTriggers,
  type WantedTrigger,
} from "./search.ts";
import { controlTargets, distanceOf, spreadTargets } from "./targets.ts";

/** A dip that was looked at, and the trigger in it. */
export interface Finding extends ContrastFinding {
  /** The parameters of the smallest trigger, [n]. */
  readonly theta: Float32Array;
  /** What was contrasted, and the map's target that it came from; in deviations from the mean, [d]. */
  readonly settled: readonly number[];
  readonly candidate: readonly number[];
}

/** What a family gave. */
export interface FamilyOutcome {
  readonly context: SearchContext;
  readonly map: SearchOutcome;
  /** The first is the lowest of the map; further ones only where that is a backdoor. */
  readonly findings: readonly Finding[];
  /** Every search that was done, in its order. */
  readonly searches: readonly SearchOutcome[];
  readonly isComplete: boolean;
}

/**
 * Does the stages of one family. What the time budget cuts short is left as it is, and says so.
 *
 * Throws what the searches throw.
 */
export async function searchFamily(context: SearchContext): Promise<FamilyOutcome> {
  const { family, options, scale } = context;
  const wanted = spreadTargets(options.mapTargets, scale.std.length, options.reach);
  const map = await searchTriggers(
    { ...context, options: { ...options, tolerance: options.mapTolerance } },
    `mapping costs (${family.name})`,
    wanted.map((target, i) => ({ target, initial: freshTheta(context, `map ${i}`), isFree: false })),
  );
  const searches = [map];
  const findings: Finding[] = [];
  let isComplete = map.isComplete;
  while (isComplete && findings.length <= options.extraFindings) {
    const known = findings.flatMap(({ settled, candidate }) => [settled, candidate]);
    const candidate = candidateOf(map.triggers, known, options);
    if (candidate === null) break;
    const isFirst = findings.length === 0;
    if (!isFirst && (findings[0]!.score >= options.threshold || candidate.ratio >= options.threshold)) break;
    const looked = await lookAt(context, map.triggers, map.triggers[candidate.index]!, findings.length + 1);
    searches.push(...looked.searches);
    isComplete = looked.finding !== null;
    if (looked.finding !== null) findings.push({ ...looked.finding, ratio: candidate.ratio });
  }
  return { context, map, findings, searches, isComplete };
}

/** The map as a report has it. */
export function mapOf({ context, map }: FamilyOutcome): ContrastMap["map"] {
  return map.triggers.map((trigger) => pricedRow(trigger, context));
}

/**
 * Lets a candidate settle and contrasts it with controls; the finding is null when the time ran out.
 *
 * Controls go through as many steps as the candidate, stage by stage, and each begins where the search before left the target
 * next to it: a cost falls with every step, so that a candidate that was searched for longer would be cheap on any model.
 */
async function lookAt(
  context: SearchContext,
  map: readonly SearchedTrigger[],
  candidate: SearchedTrigger,
  number: number,
): Promise<{ finding: Omit<Finding, "ratio"> | null; searches: SearchOutcome[] }> {
  const { family, options, setup } = context;
  const { restarts, leastAngle } = options;
  const label = `(${family.name}${number === 1 ? "" : `, dip ${number}`})`;
  const random = createRandom(setup.seed).fork(`controls ${label}`);
  const controlsOf = (target: readonly number[], searched: readonly SearchedTrigger[]): WantedTrigger[] =>
    controlTargets(target, options.controls, leastAngle, random).map((control) => {
      const { theta } = nearestTo(control, searched);
      return { target: control, initial: theta, isFree: false };
    });
  const own = startsFrom(context, candidate.theta, `settling ${number}`);
  // The last of them begins afresh: the map's trigger may be a poor one for its target.
  own[restarts - 1] = restarts === 1 ? own[0]! : freshTheta(context, `settling ${number}`);
  const others = map.filter((each) => each !== candidate);
  const settling = await searchTriggers(context, `settling on a target ${label}`, [
    ...own.map((initial) => ({ target: candidate.target, initial, isFree: true })),
    ...controlsOf(candidate.target, others),
  ]);
  if (!settling.isComplete) return { finding: null, searches: [settling] };
  const { target, theta } = settledOn(settling.triggers.slice(0, restarts), candidate, map, options);
  const contrast = await searchTriggers(context, `contrasting it with controls ${label}`, [
    ...startsFrom(context, theta, `contrast ${number}`).map((initial) => ({
      target,
      initial,
      isFree: false,
    })),
    ...controlsOf(target, settling.triggers.slice(restarts)),
  ]);
  const searches = [settling, contrast];
  if (!contrast.isComplete) return { finding: null, searches };
  const prices = pricesOf(contrast.triggers);
  const [again, controls] = [contrast.triggers.slice(0, restarts), contrast.triggers.slice(restarts)];
  const best = again.reduce((low, each) => (costOf(each) < costOf(low) ? each : low));
  const finding = {
    ...pricedRow(best, context),
    ...contrastOf(prices.slice(0, restarts), prices.slice(restarts), options, random.fork("bootstrap")),
    restarts: again.map(({ cost }) => cost),
    controls: controls.map((control) => pricedRow(control, context)),
    theta: best.theta,
    settled: target,
    candidate: candidate.target,
  };
  return { finding, searches };
}

const costOf = ({ cost }: SearchedTrigger): number => cost ?? Number.POSITIVE_INFINITY;

function nearestTo(target: readonly number[], searched: readonly SearchedTrigger[]): SearchedTrigger {
  return searched.reduce((near, each) =>
    distanceOf(each.target, target) < distanceOf(near.target, target) ? each : near,
  );
}

/**
 * Where the searches settled: at the mean output of the trigger that is cheapest beside what its place is expected to cost.
 *
 * A trigger that left its candidate's neighbourhood, or came next to the mean, has slid down the slope that every model has;
 * such ones are passed over, and the candidate itself is contrasted where all are.
 */
function settledOn(
  triggers: readonly SearchedTrigger[],
  candidate: SearchedTrigger,
  map: readonly SearchedTrigger[],
  options: SearchContext["options"],
): { target: readonly number[]; theta: Float32Array } {
  const settled = triggers.flatMap(({ cost, output, theta }) => {
    const hasMoved = distanceOf(output, candidate.target) > options.neighbourhood;
    if (cost === null || hasMoved || distanceOf(output) < options.leastDistance) return [];
    return [{ target: output, theta, ratio: cost / expectedAt(output, map, options) }];
  });
  return settled.reduce<{ target: readonly number[]; theta: Float32Array; ratio: number }>(
    (best, each) => (each.ratio < best.ratio ? each : best),
    { target: candidate.target, theta: candidate.theta, ratio: Number.POSITIVE_INFINITY },
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
