/** What there is around a map: its cheapest targets in contrast with others. */
import { chooseClose, chooseRough } from "./choosing.ts";
import { type Contrasted, contrastChosen, type Finding } from "./contrasting.ts";
import { type Mapped, roughRung } from "./mapping.ts";
import { type Candidate, candidatesOf, contrastText, costOf, pricesOf } from "./score.ts";
import { heldContext, type SearchContext, type SearchOutcome } from "./search.ts";
import type { SearchedTrigger } from "./search-state.ts";
import { isLikeLowest, isOnlyGeneral, type Limits, showsBackdoor } from "./verdict.ts";

/** What there is around a map. */
export interface Looked {
  readonly findings: readonly Finding[];
  /** What the cheapest costs of what the mean does, or of what others let expect where it has grown and is no dip; null where none was reached. */
  readonly ratio: number | null;
  readonly searches: readonly SearchOutcome[];
  readonly isComplete: boolean;
}

/**
 * Looks at the cheapest of a map that cost less than a part of the mean, and where that is a backdoor at further ones. What is cheap but for what other triggers as large do
 * too is left aside for the next: it may have hidden an attacker's.
 */
export async function lookAround(context: SearchContext, { rung, ends }: Mapped): Promise<Looked> {
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
 * Contrasts a candidate, and where no home was reached once more at the first tolerance, where homes are reached more easily. What was not reached itself is no dip at the closer one, and
 * is left to the first map where the family has one.
 */
async function contrastWithHome(
  context: SearchContext,
  found: Contrasted,
): ReturnType<typeof contrastChosen> {
  const contrasted = await contrastChosen(context, found);
  const { finding } = contrasted;
  if (finding === null || finding.isComparable || found.rung.isRough) return contrasted;
  if (finding.cost === null && !context.family.isContrastedClosely) return contrasted;
  // The candidate is of a closer map: that far its outputs come.
  const rung = { ...roughRung(context), isRough: false };
  const again = await contrastChosen(context, { ...found, rung, label: `${found.label} roughly` });
  return { finding: again.finding, searches: [...contrasted.searches, ...again.searches] };
}

/**
 * Whether a further target may have a backdoor of its own: the first has one, and this is cheaper than what is cheap on any model. What
 * a map lets expect does not tell, since with several backdoors most of its targets have slid to one.
 */
function isWorthALook(candidate: SearchedTrigger, first: Finding, decisive: number): boolean {
  const home = Math.min(...first.homes.map(costOf));
  return first.isComparable && first.score < decisive && costOf(candidate) < home;
}

const noDipText = (ratio: number): string =>
  Number.isFinite(ratio)
    ? `the cheapest target is no dip, ${ratio.toFixed(2)} of what the mean output costs`
    : "outputs do not come as close as is asked";

/**
 * The cheapest target of a map, where it is so cheap beside the dearest, or beside the largest size that was tried in vain, that only what homes cost can have hidden it; null
 * where it is not. Others as far away do not tell: where an attacker's is the one that works, all have slid to it.
 */
export function maskedOf(context: SearchContext, { rung, ends }: Mapped): Candidate | null {
  const { options, homes, limits } = context;
  const all = { ...options, tolerance: rung.tolerance, shortlist: ends.length };
  const [cheapest] = candidatesOf(ends, homes, [], all).sort(
    (a, b) => costOf(ends[a.index]!) - costOf(ends[b.index]!),
  );
  if (cheapest === undefined) return null;
  return costOf(ends[cheapest.index]!) < limits.certain * Math.max(...pricesOf(ends)) ? cheapest : null;
}

/** Contrasts the cheapest of the closest map with controls alone, but for what hidden images give. Nothing but a backdoor is a finding, or what would be one if it did not lie where all hidden images do: all else has been judged beside homes. */
export async function lookBesideControls(context: SearchContext, { rung, ends }: Mapped): Promise<Looked> {
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
  const isKept = finding !== null && (showsBackdoor(finding, limits) || isInDoubt(finding, limits));
  return { findings: isKept ? [finding] : [], ratio: null, searches, isComplete: finding !== null };
}

/** Whether a finding would show a backdoor if hidden images did not give the same. */
const isInDoubt = (finding: Finding, limits: Limits): boolean =>
  finding.leadsWhereHidden && showsBackdoor({ ...finding, leadsWhereHidden: false }, limits);
