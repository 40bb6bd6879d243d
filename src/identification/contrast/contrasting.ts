/** A candidate of a map in contrast with controls and homes, all searched alike. */
import { createRandom } from "../../random.ts";
import type { AlikeTriggers, TriggerFamily } from "../families/family.ts";
import type { ContrastFinding, ContrastMap } from "../identification.ts";
import { type Chosen, letGrow } from "./choosing.ts";
import { climbOf, closerTolerance } from "./climbing.ts";
import { generalityOf } from "./generality.ts";
import { toOutputs } from "./scale.ts";
import {
  type Contrast,
  contrastOf,
  costOf,
  homesToCompare,
  isDecided,
  pricesOf,
  timesContrast,
} from "./score.ts";
import { heldContext, type SearchContext, type SearchOutcome, searchTriggers } from "./search.ts";
import type { SearchedTrigger } from "./search-state.ts";
import { controlTargets, distanceOf, surroundingTargets } from "./targets.ts";
import { type Beside, isAlone, restOf } from "./verdict.ts";

/** A dip that was looked at, and the trigger in it. */
export interface Finding extends ContrastFinding {
  /** The parameters of the trigger that a repair unlearns, [n]: as it had grown, or the smallest in a family that is contrasted closely. */
  readonly theta: Float32Array;
  /** Those of the trigger that shows the target, [n]: as it has grown, since the smallest draws outputs to the side of the mean. */
  readonly shown: Float32Array;
  /** What was contrasted, in deviations from the mean, [d]. */
  readonly settled: readonly number[];
  /**
   * Whether its cost was compared with one that was found. A trigger that can hide an image can bring any model to some home if it is large enough; where
   * the search found none, it says nothing of what a home costs. Warps hide nothing, and where they reach a target it is the attacker's.
   */
  readonly isComparable: boolean;
  /** Whether it lies where all hidden images do, and what it was compared with shows nothing of that. */
  readonly leadsWhereHidden: boolean;
  readonly beside: Beside;
  /** Whether triggers of the family can hide what an image shows. */
  readonly canHide: boolean;
}

/** How close together outputs are drawn, and for how long. */
export interface Rung {
  /** tau */
  readonly tolerance: number;
  readonly mapSteps: number;
  /** What its stages are called, beside the family. */
  readonly name: string;
  /** Whether it is the first tolerance of two. */
  readonly isRough: boolean;
}

/** A candidate of a map, and what it is contrasted by. */
export interface Contrasted {
  readonly rung: Rung;
  readonly ends: readonly SearchedTrigger[];
  readonly chosen: Chosen;
  readonly label: string;
  /** What it is compared with; homes and controls where it is left out. */
  readonly beside?: Beside;
}

/**
 * Contrasts a candidate with controls; the finding is null when the time ran out. Where it is no shallow dip beside them its score is divided by the part of what its trigger
 * does that others as large do not, and where it still is none multiplied by how much dearer it gets when outputs are to come closer.
 *
 * Controls go through as many steps as the candidate: it begins at its trigger of the map, not at the one that has grown, and each control
 * at the trigger whose target slid nearest to it. A cost falls with every step, and a candidate that was searched for longer would be
 * cheap on any model.
 */
export async function contrastChosen(
  context: SearchContext,
  { rung, ends, chosen, label, beside = "homes and controls" }: Contrasted,
): Promise<{ finding: Finding | null; searches: SearchOutcome[] }> {
  const { options, setup, hidden } = context;
  const { restarts, leastAngle, neighbourhood } = options;
  const { usual } = context.scale;
  const isNear = beside === "farther controls";
  const held = heldContext(context, rung.tolerance);
  const { candidate, target, ratio } = chosen;
  const random = createRandom(setup.seed).fork(`controls ${label}`);
  const others = ends.filter((each) => each !== candidate);
  const homesWanted = homesBeside(context, beside);
  const parts = <T>(all: readonly T[]): [T[], T[], T[]] => {
    const end = all.length - homesWanted.length;
    return [all.slice(0, restarts), all.slice(restarts, end), all.slice(end)];
  };
  const wanted = [
    ...startsFrom(context, candidate.theta, `contrast ${label}`).map((initial, i) => ({
      target,
      initial,
      isFree: false,
      isKnown: true,
      isFollowed: i === 0,
    })),
    ...(isNear
      ? surroundingTargets(neighbourhood, options.controls, target.length, random, usual)
      : controlTargets(target, options.controls, leastAngle, random, usual)
    ).map((control) => ({
      target: control,
      initial: nearestTo(control, others).theta,
      isFree: false,
    })),
    // The mean is the first of the homes and of the map, and held there.
    ...homesWanted.map((home, i) => ({
      target: home,
      initial: ends[0]!.theta,
      isFree: false,
      isKnown: i === 0 && !isAlone({ beside }),
    })),
  ];
  const contrast = await searchTriggers(
    held,
    `contrasting a target with controls ${label}`,
    wanted,
    (triggers, part) => {
      const [restarts, , homes] = parts(triggers);
      return part >= options.contrastPatience && isDecided(restarts, homes, held.options);
    },
  );
  const searches = [contrast];
  if (!contrast.isComplete) return { finding: null, searches };
  const prices = pricesOf(contrast.triggers);
  const [again, controls, homes] = parts(contrast.triggers);
  const best = again.reduce((low, each) => (costOf(each) < costOf(low) ? each : low));
  const [ownPrices, controlPrices, homePrices] = parts(prices);
  const pricedHomes = homes.map((home, i) => ({ target: home.target, cost: homePrices[i]! }));
  const own = { target, cost: Math.min(...ownPrices) };
  const compared = homesToCompare(own, pricedHomes, leastAngle).map(({ cost }) => cost);
  const ofCosts = contrastOf(ownPrices, controlPrices, compared, options, random.fork("bootstrap"));
  // Of a few waves the smallest are what the attacker added; grown, they take along what any network answers to.
  const isSmallest = context.family.isContrastedClosely && best.cost !== null;
  const small = isSmallest ? best.theta : candidate.theta;
  const isAsked = (when: AlikeTriggers["asked"]): boolean => context.family.alike?.asked === when;
  const ofAll =
    isAsked("always") && ofCosts.score < options.shallow
      ? await generalityOf(context, { target, theta: small }, label)
      : null;
  const contrasted = overRest(ofCosts, ofAll);
  const isDip = contrasted.score < options.shallow;
  let { grown } = chosen;
  if (isDip && grown === null) {
    const further = await letGrow(held, [{ target, theta: small, isNear }], label);
    searches.push(further);
    if (!further.isComplete) return { finding: null, searches };
    grown = further.triggers[0]!;
  }
  const shown = grown?.theta ?? small;
  let climb: number | null = 1;
  if (isDip && grown !== null && beside !== "controls") {
    // What hides nothing reaches no target by itself, closely or not.
    const isClose = !rung.isRough || !context.family.canHide;
    setup.onEvent({
      kind: "note",
      message: `family ${rung.name}: the trigger, grown, leaves outputs ${grown.error.toFixed(3)} standard deviations off`,
    });
    const closer = closerTolerance(grown.error, isClose, options);
    const climbed = await climbOf(context, { target, theta: best.theta, closer }, label);
    searches.push(...climbed.searches);
    if (!climbed.isComplete) return { finding: null, searches };
    ({ climb } = climbed);
  }
  const generality =
    climb === null && isAsked("in doubt")
      ? await generalityOf(context, { target, theta: shown }, label)
      : ofAll;
  const finding = {
    ...pricedRow(best, context),
    ...timesContrast(overRest(ofCosts, generality), climb ?? 1),
    generality,
    climb,
    tolerance: rung.tolerance,
    restarts: again.map(({ cost }) => cost),
    controls: controls.map((control) => pricedRow(control, context)),
    homes: homes.map((home) => pricedRow(home, context)),
    ratio,
    theta: isSmallest ? small : shown,
    shown,
    settled: target,
    canHide: context.family.canHide,
    isComparable: isAlone({ beside }) || !context.family.canHide || homes.some(({ cost }) => cost !== null),
    beside,
    leadsWhereHidden:
      hidden !== null &&
      distanceOf(target, hidden.target) < options.leastDistance &&
      isNoEvidenceWhereHidden(beside, context.family, controls),
  };
  return { finding, searches };
}

/**
 * Whether a comparison shows nothing of what lies where all hidden images do. Beside controls alone it is cheap on any model. A patch that covers what a model looks at leads there, too, where it leads to few other places: a control that no patch
 * has reached has no price, and what another costs beside it says little.
 */
export function isNoEvidenceWhereHidden(
  beside: Beside,
  { hiding }: Pick<TriggerFamily, "hiding">,
  controls: readonly Pick<SearchedTrigger, "cost">[],
): boolean {
  return beside === "controls" || (hiding === null && controls.some(({ cost }) => cost === null));
}

/** The homes that a candidate is compared with. Closer than homes come there are none but where hidden images give the same output to the hundredth of a deviation. */
function homesBeside({ homes, hidden }: SearchContext, beside: Beside): readonly (readonly number[])[] {
  if (!isAlone({ beside })) return homes;
  return beside === "controls" && hidden?.isHome ? [hidden.target] : [];
}

/** A contrast over the part of what a trigger does that others do not. */
const overRest = (contrast: Contrast, generality: number | null): Contrast =>
  timesContrast(contrast, 1 / restOf({ generality }));

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
