/** What a target is expected to cost, which one is suspiciously cheap, and how sure that is. */
import { percentile } from "../../metrics/statistics.ts";
import type { Random } from "../../random.ts";
import type { ContrastOptions } from "./options.ts";
import { distanceOf, isOnTheWay } from "./targets.ts";

/** A target and what it cost. */
export interface PricedTarget {
  /** In deviations from the mean, [d]. */
  readonly target: readonly number[];
  /** The smallest size at which outputs collapsed onto it; null when they never did. */
  readonly cost: number | null;
  /** The largest size that was tried. */
  readonly largest: number;
  /** The smoothed error at the end of its search, in standard deviations. */
  readonly error: number;
}

/** What a target costs; infinite where no trigger reached it. */
export const costOf = ({ cost }: { readonly cost: number | null }): number =>
  cost ?? Number.POSITIVE_INFINITY;

/**
 * The price of each target: its cost, and for those that were never reached the largest size seen anywhere. In a median these
 * are as good as infinite, and a ratio stays a number.
 */
export function pricesOf(targets: readonly PricedTarget[]): number[] {
  const dearest = Math.max(...targets.map(({ cost, largest }) => Math.max(cost ?? 0, largest)));
  return targets.map(({ cost }) => cost ?? dearest);
}

/**
 * What a target at a distance is expected to cost: a + b r with a, b >= 0 that minimises sum_i |cost_i - a - b r_i|, which a
 * dip of less than half of the points does not move.
 *
 * The minimum of such a sum lies on a line through two of the points, or through one of them where a or b is 0, so those are
 * tried.
 *
 * @param points distance r_i from the mean and cost, at least one
 * @param distance r
 */
export function expectedCost(
  points: readonly { readonly distance: number; readonly cost: number }[],
  distance: number,
): number {
  const lines = points.flatMap((p, i) => [
    [p.cost, 0],
    ...(p.distance > 0 ? [[0, p.cost / p.distance]] : []),
    ...points.slice(i + 1).map((q) => {
      const slope = (q.cost - p.cost) / (q.distance - p.distance);
      return [p.cost - slope * p.distance, slope];
    }),
  ]) as [number, number][];
  const possible = lines.filter(([a, b]) => Number.isFinite(b) && a >= 0 && b >= 0);
  const miss = ([a, b]: [number, number]): number =>
    points.reduce((total, p) => total + Math.abs(p.cost - a - b * p.distance), 0);
  const [a, b] = possible.reduce((best, line) => (miss(line) < miss(best) ? line : best));
  return a + b * distance;
}

/** Fewer targets than this tell no cost over distance. */
const fewestPoints = 3;

/**
 * What a target is expected to cost by a map: from the targets outside of its neighbourhood, or from all others where these are
 * too few.
 *
 * @param at in deviations from the mean, [d]
 */
export function expectedAt(
  at: readonly number[],
  map: readonly PricedTarget[],
  { neighbourhood }: Pick<ContrastOptions, "neighbourhood">,
): number {
  const prices = pricesOf(map);
  const points = map.map(({ target }, i) => ({
    target,
    distance: distanceOf(target),
    cost: prices[i]!,
  }));
  const others = points.filter(({ target }) => distanceOf(target, at) > 0);
  const far = others.filter(({ target }) => distanceOf(target, at) >= neighbourhood);
  return expectedCost(far.length >= fewestPoints ? far : others, distanceOf(at));
}

/** A target of a map, and how cheap it is. */
export interface Candidate {
  readonly index: number;
  /** Its cost over what its distance lets expect; 1 where it was not reached. */
  readonly ratio: number;
}

/**
 * The targets of a map that are cheapest beside what they are expected to cost, the cheapest first, and not next to each other. Where none
 * was reached, those which outputs came closest to, if they came near at all: more steps may do.
 *
 * Targets next to a home are left out: they are cheap on every model, and have no controls that differ from them.
 *
 * @param homes outputs that are cheap on any model, in deviations from the mean, [d] each
 * @param known targets whose neighbourhoods are left out too
 * @returns at most `shortlist`; none when nothing came near a target
 */
export function candidatesOf(
  map: readonly PricedTarget[],
  homes: readonly (readonly number[])[],
  known: readonly (readonly number[])[],
  options: Pick<ContrastOptions, "neighbourhood" | "leastDistance" | "tolerance" | "shortlist">,
): Candidate[] {
  const open = map.flatMap((each, index) => {
    const isNew = known.every((other) => distanceOf(each.target, other) >= options.neighbourhood);
    const isCheap = homes.some((home) => distanceOf(each.target, home) < options.leastDistance);
    return isNew && !isCheap ? [{ ...each, index }] : [];
  });
  const reached = open
    .flatMap(({ target, cost, index }) => {
      const expected = cost === null ? 0 : expectedAt(target, map, options);
      return cost !== null && expected > 0 ? [{ index, ratio: cost / expected }] : [];
    })
    .sort((a, b) => a.ratio - b.ratio);
  const near = open
    .filter(({ error }) => error < options.tolerance)
    .sort((a, b) => a.error - b.error)
    .map(({ index }) => ({ index, ratio: 1 }));
  const chosen: Candidate[] = [];
  for (const each of reached.length > 0 ? reached : near) {
    const { target } = map[each.index]!;
    const isApart = chosen.every(
      ({ index }) => distanceOf(map[index]!.target, target) >= options.leastDistance,
    );
    if (isApart && chosen.length < options.shortlist) chosen.push(each);
  }
  return chosen;
}

/**
 * Whether a contrast is decided whatever controls cost ({@link contrastOf}): its target costs as much as a home that was reached, or more, so that their ratio is its score; or it was not
 * reached, and its outputs are still so far off that it will not be, so that its score is at least 1.
 *
 * @param restarts the searches for the target so far
 */
export function isDecided(
  restarts: readonly PricedTarget[],
  homes: readonly PricedTarget[],
  { tolerance, farOff }: Pick<ContrastOptions, "tolerance" | "farOff">,
): boolean {
  const own = Math.min(...restarts.map(costOf));
  if (Number.isFinite(own)) return own >= Math.min(...homes.map(costOf));
  return restarts.every(({ error }) => error > farOff * tolerance);
}

/** A target, and what it costs or at least costs. */
interface Priced {
  readonly target: readonly number[];
  readonly cost: number;
}

/**
 * The homes that a candidate is compared with: all but those on the way to it that cost more than it does. Costs grow along a way, so what is dearer than what lies
 * beyond it is drawn there by the trigger of that, at less than its full strength, and tells nothing of models without one.
 *
 * @param mostAngle degrees within which a home lies in the candidate's direction
 */
export function homesToCompare(candidate: Priced, homes: readonly Priced[], mostAngle: number): Priced[] {
  return homes.filter(
    ({ target, cost }) => cost <= candidate.cost || !isOnTheWay(target, candidate.target, mostAngle),
  );
}

/** A score and the interval that it lies in. */
export interface Contrast {
  readonly score: number;
  readonly low: number;
  readonly high: number;
}

/** A contrast multiplied by a number that is known. */
export function timesContrast({ score, low, high }: Contrast, factor: number): Contrast {
  return { score: factor * score, low: factor * low, high: factor * high };
}

/** A score with its interval: `0.13 (0.12 to 0.14)`. */
export const contrastText = ({ score, low, high }: Contrast): string =>
  `${score.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;

/**
 * min(candidate's costs) / sqrt(median(controls' costs) min(homes' costs)), and without homes min(candidate's costs) / median(controls' costs): the cost of a target is the smallest that any search found.
 * Controls stand for targets as far away without a backdoor, homes for the outputs that are cheap to reach on any model. Either alone
 * misleads: the sides of a model's range differ by a factor of two, and a home may lie near a side. A candidate that is no shallower than the cheapest home
 * is one more place that is cheap on any model, however dear the controls: there min(candidate's costs) / min(homes' costs) is the score. The interval comes from drawing
 * restarts and controls again with replacement.
 *
 * @param restarts costs of searches for the candidate, at least one
 * @param controls costs of control targets, at least one
 * @param homes costs of the homes; none to compare with controls alone
 */
export function contrastOf(
  restarts: readonly number[],
  controls: readonly number[],
  homes: readonly number[],
  { bootstraps, confidence, shallow }: Pick<ContrastOptions, "bootstraps" | "confidence" | "shallow">,
  random: Random,
): Contrast {
  const home = Math.min(...homes);
  const ratio = (a: readonly number[], b: readonly number[]): number => {
    if (homes.length === 0) return Math.min(...a) / percentile(b, 50);
    const usual = Math.sqrt(percentile(b, 50) * home);
    if (usual <= 0) return 1;
    const [contrast, toHome] = [Math.min(...a) / usual, Math.min(...a) / home];
    return toHome < shallow ? contrast : Math.max(contrast, toHome);
  };
  const again = (values: readonly number[]): number[] =>
    values.map(() => values[random.integer(values.length)]!);
  const drawn = Array.from({ length: bootstraps }, () => ratio(again(restarts), again(controls)));
  const tail = 50 * (1 - confidence);
  return {
    score: ratio(restarts, controls),
    low: percentile(drawn, tail),
    high: percentile(drawn, 100 - tail),
  };
}
