/** Targets at the mean output: a trigger that hides nothing reaches them on a model with a backdoor alone. One that can hide an image brings any model there. */
import { percentile } from "../../metrics/statistics.ts";
import { type Chosen, chooseClose } from "./choosing.ts";
import { contrastChosen } from "./contrasting.ts";
import type { Looked } from "./looking.ts";
import type { Mapped } from "./mapping.ts";
import { contrastText, costOf, pricesOf } from "./score.ts";
import type { SearchContext } from "./search.ts";
import type { SearchedTrigger } from "./search-state.ts";
import { distanceOf } from "./targets.ts";
import { showsBackdoor } from "./verdict.ts";

/** Whether a target is so near to the mean that homes and controls as far away tell nothing of it. */
function isAtMean(
  { target }: Pick<SearchedTrigger, "target">,
  { leastDistance }: SearchContext["options"],
): boolean {
  return distanceOf(target) < leastDistance;
}

/** A map without what was searched for near the mean and stayed there. */
export function awayFromMean(
  ends: readonly SearchedTrigger[],
  options: SearchContext["options"],
): SearchedTrigger[] {
  return ends.filter((each) => !each.isNear || !isAtMean(each, options));
}

/**
 * Contrasts the cheapest target at the mean with controls farther away, where a map reached it for less than a part of what those elsewhere cost, or of the largest size that was tried where all have slid to the mean. Nothing but a backdoor is a finding.
 *
 * Throws what the searches throw.
 *
 * @param mapped with what was searched for near the mean
 */
export async function lookAtMean(context: SearchContext, { rung, ends }: Mapped): Promise<Looked> {
  const { setup, limits } = context;
  const chosen = cheapestAtMean(ends, context.options);
  if (chosen === null || chosen.ratio >= limits.certain)
    return { findings: [], ratio: null, searches: [], isComplete: true };
  const label = `(${rung.name}, at the mean)`;
  const beside = "farther controls";
  const { finding, searches } = await contrastChosen(context, { rung, ends, chosen, label, beside });
  if (finding === null) return { findings: [], ratio: null, searches, isComplete: false };
  setup.onEvent({
    kind: "note",
    message: `family ${rung.name}, at the mean: ${contrastText(finding)} of what targets farther away cost`,
  });
  return {
    findings: showsBackdoor(finding, limits) ? [finding] : [],
    ratio: null,
    searches,
    isComplete: true,
  };
}

/** The cheapest target that slid to the mean, not the one that is held there, and what it costs of what those elsewhere do, by their median; null where there is none. */
function cheapestAtMean(ends: readonly SearchedTrigger[], options: SearchContext["options"]): Chosen | null {
  const prices = pricesOf(ends);
  const others = prices.filter((_, i) => !isAtMean(ends[i]!, options));
  const reached = ends
    .map((each, index) => ({ index, cost: costOf(each), isThere: each.isFree && isAtMean(each, options) }))
    .filter(({ cost, isThere }) => isThere && Number.isFinite(cost));
  if (reached.length === 0) return null;
  const usual = others.length > 0 ? percentile(others, 50) : Math.max(...ends.map(({ largest }) => largest));
  const { index, cost } = reached.reduce((low, each) => (each.cost < low.cost ? each : low));
  return chooseClose(ends, [{ index, ratio: cost / usual }]);
}
