/** A candidate of a map in contrast with controls and homes, all searched alike. */
import { createRandom } from "../../random.ts";
import type { ContrastFinding, ContrastMap } from "../identification.ts";
import type { Chosen } from "./choosing.ts";
import type { ContrastOptions } from "./options.ts";
import { toOutputs } from "./scale.ts";
import { contrastOf, pricesOf } from "./score.ts";
import { type SearchContext, type SearchedTrigger, type SearchOutcome, searchTriggers } from "./search.ts";
import { controlTargets, distanceOf } from "./targets.ts";

/** A dip that was looked at, and the trigger in it. */
export interface Finding extends ContrastFinding {
  /** The parameters of the trigger that a repair unlearns, [n]: as it had grown, or the smallest in a family that is contrasted closely. */
  readonly theta: Float32Array;
  /** What was contrasted, in deviations from the mean, [d]. */
  readonly settled: readonly number[];
}

/** How close together outputs are drawn, and for how long. */
export interface Rung {
  /** tau */
  readonly tolerance: number;
  readonly mapSteps: number;
  /** What its stages are called, beside the family. */
  readonly name: string;
  /** The part of what the map lets expect from which on a candidate is not contrasted yet; infinite where all are. */
  readonly shallow: number;
}

/** A candidate of a map, and what it is contrasted by. */
export interface Shelved {
  readonly rung: Rung;
  readonly ends: readonly SearchedTrigger[];
  readonly chosen: Chosen;
  readonly label: string;
}

/** Where nothing is let go or given up: what is contrasted is held where it has come to. */
export function heldContext(context: SearchContext, { tolerance }: Rung): SearchContext {
  return { ...context, options: { ...context.options, heldPart: 0, patience: 1, tolerance } };
}

/**
 * Contrasts a candidate with controls; the finding is null when the time ran out.
 *
 * Controls go through as many steps as the candidate: it begins at its trigger of the map, not at the one that has grown, and each control
 * at the trigger whose target slid nearest to it. A cost falls with every step, and a candidate that was searched for longer would be
 * cheap on any model.
 */
export async function contrastChosen(
  context: SearchContext,
  { rung, ends, chosen, label }: Shelved,
): Promise<{ finding: Finding | null; search: SearchOutcome }> {
  const { options, setup } = context;
  const { restarts, leastAngle } = options;
  const held = heldContext(context, rung);
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
  if (!contrast.isComplete) return { finding: null, search: contrast };
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
    // Of a few waves the smallest are what the attacker added; grown, they take along what any network answers to.
    theta: context.family.isContrastedClosely && best.cost !== null ? best.theta : theta,
    settled: target,
  };
  return { finding, search: contrast };
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

/** What a trigger costs; infinite where it did not work. */
export const costOf = ({ cost }: SearchedTrigger): number => cost ?? Number.POSITIVE_INFINITY;

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

/** A target as a report has it. */
export function pricedRow(
  { target, cost }: SearchedTrigger,
  { scale }: SearchContext,
): ContrastMap["map"][number] {
  return { target: toOutputs(target, scale), distance: distanceOf(target), cost };
}
