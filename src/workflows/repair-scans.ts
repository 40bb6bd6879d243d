/** The two scans of a repair: of the model, and of what came of it. */
import { DrmGuardError } from "../errors.ts";
import { type ContrastOptions, contrastDefaults } from "../identification/contrast/options.ts";
import { isLikeLowest } from "../identification/contrast/verdict.ts";
import type { FamilyName } from "../identification/families/families.ts";
import {
  type MethodChanges,
  type MethodName,
  methodNames,
  methodOptions,
  presetOfResult,
} from "../identification/methods.ts";
import type { ReversedTrigger } from "../identification/reversed-trigger.ts";
import type { Preprocessing } from "../models/preprocessing.ts";
import type { ScanResult } from "../report/result.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { remaining } from "./deadline.ts";
import { differencesOf } from "./differences.ts";
import type { Host, ImageSource, LoadedModel } from "./host.ts";
import type { RepairOptions } from "./repair-options.ts";
import { scanModel } from "./scan-model.ts";
import type { ScanOptions } from "./scan-options.ts";
import { triggerOfText } from "./trigger-text.ts";

/** What the scans of a repair share. */
export interface RepairScans {
  readonly runtime: Runtime;
  readonly benign: ImageSource;
  /** With checkpoints of their own. */
  readonly host: Host;
  readonly isResumed: boolean;
  /** Seconds since the epoch; null for none. */
  readonly deadline: number | null;
}

/**
 * Makes sure that a result is of this model and of images that were prepared in this way.
 *
 * Throws E_RESULT otherwise.
 *
 * @param path what messages call it
 * @param sha256 of the model
 */
export function assertResultFits(
  path: string,
  result: ScanResult,
  sha256: string,
  preprocessing: Preprocessing,
): void {
  if (result.model.sha256 !== sha256) {
    throw new DrmGuardError(
      "E_RESULT",
      `${path} is of ${result.model.path} (sha256 ${result.model.sha256.slice(0, 12)}), expected a result of this model (${sha256.slice(0, 12)})`,
    );
  }
  const differences = differencesOf(result.preprocessing, { ...preprocessing });
  if (differences !== "") {
    throw new DrmGuardError("E_RESULT", `${path} is of a scan with ${differences}`, {
      hint: "repeat the options of that scan",
    });
  }
}

/**
 * Scans the model that is to be repaired, or takes the result that was given.
 *
 * Throws what {@link assertResultFits} and {@link scanModel} throw.
 */
export async function firstScanOf(
  options: RepairOptions,
  loaded: LoadedModel,
  preprocessing: Preprocessing,
  scans: RepairScans,
): Promise<ScanResult> {
  const { from, scan } = options;
  if (from === null) return await scanIn(scans, loaded, { ...options, ...scan, preset: "auto" });
  assertResultFits(from.path, from.result, loaded.sha256, preprocessing);
  return from.result;
}

/**
 * Scans a repaired model in the way in which the original was.
 *
 * Throws E_RESULT when the first result is of a method that is not known here, and what {@link scanModel} throws.
 */
export async function scanAgain(
  repair: RepairOptions,
  { method, preset, options, seed }: Pick<ScanResult, "method" | "preset" | "options" | "seed">,
  repaired: LoadedModel,
  scans: RepairScans,
): Promise<ScanResult> {
  const name = methodNames.find((each) => each === method);
  if (name === undefined) {
    throw new DrmGuardError("E_RESULT", `found method ${method}, expected one of ${methodNames.join(", ")}`);
  }
  const changes = changesOf(name, options);
  const inTheSameWay = { seed, method: name, preset: presetOfResult(preset), options: changes };
  return await scanIn(scans, repaired, { ...repair, ...inTheSameWay });
}

function scanIn(
  { runtime, benign, host, isResumed, deadline }: RepairScans,
  loaded: LoadedModel,
  options: Omit<ScanOptions, "timeBudget" | "resume">,
): Promise<ScanResult> {
  return scanModel(
    runtime,
    loaded,
    benign,
    { ...options, timeBudget: remaining(deadline), resume: isResumed },
    host,
  );
}

/** The options of a method as a result has them: lists are words with colons between them. */
function changesOf(method: MethodName, options: ScanResult["options"]): MethodChanges {
  const entries = Object.entries(methodOptions[method].defaults).flatMap(([name, usual]) => {
    const value = options[name];
    if (value === undefined) return [];
    return [[name, Array.isArray(usual) ? String(value).split(":") : value]];
  });
  return Object.fromEntries(entries) as MethodChanges;
}

/** Triggers in a result. */
type TriggerTexts = NonNullable<ScanResult["triggers"]>;

/** What a scan by contrast is asked for so that all families are compared, whatever one of them shows. */
export const wholeSearch = { afterBackdoor: "go-on" } as const;

/**
 * The families that a scan was to search and left out, since one before them had shown a backdoor: for a verdict that is enough, but which kind of trigger is the
 * attacker's shows only where all are compared. A patch may lead where an attacker's stripes lead, and waves where a patch leads.
 *
 * @returns none where the method knows no families, or the scan has found no backdoor
 */
export function familiesLeftOut({ method, verdict, options, contrast = [] }: ScanResult): FamilyName[] {
  if (method !== "contrast" || verdict !== "backdoored") return [];
  const asked = String(options.families).split(":") as FamilyName[];
  return asked.filter((name) => contrast.every(({ family }) => family !== name));
}

/**
 * Searches the families that a scan left out.
 *
 * Throws what {@link scanModel} throws.
 *
 * @returns none where there are none
 */
export async function furtherTriggers(
  repair: RepairOptions,
  before: ScanResult,
  loaded: LoadedModel,
  scans: RepairScans,
): Promise<TriggerTexts> {
  const families = familiesLeftOut(before);
  if (families.length === 0) return [];
  const changes = changesOf("contrast", before.options) as Partial<ContrastOptions>;
  const options = { ...changes, ...wholeSearch, families };
  const preset = presetOfResult(before.preset);
  const found = await scanIn(scans, loaded, {
    ...repair,
    seed: before.seed,
    method: "contrast",
    preset,
    options,
  });
  return found.triggers ?? [];
}

/**
 * How many times the lowest score of another family at the same target a score may be, and not tell the two apart. Patches of IA and Clean Label had 0.3 and 0.4 of the
 * waves beside them; a patch and a wave of IA with larger masks 0.51 and 0.47, and unlearning the wave alone left the backdoor in (docs/research-log.md).
 */
const undecidedFactor = 1.5;

/**
 * The triggers to repair by: the most suspicious one, with a warning where it is not, and those that are suspicious beside it. What leads to the same target in another family is the same backdoor,
 * and is left out, since unlearning it too costs clean error; but not where its score is about as low ({@link undecidedFactor}), so that nothing tells which of the two families is
 * the attacker's.
 *
 * Throws E_RESULT when there are none.
 *
 * @param further of families that the scan left out
 * @param spread the standard deviation of each output, [d]; targets nearer than a neighbourhood of the map are the same
 */
export function suspiciousTriggers(
  { triggers = [], threshold, verdict, method }: ScanResult,
  further: TriggerTexts,
  spread: readonly number[],
  warn: (message: string) => void,
): ReversedTrigger[] {
  const [first, ...others] = [...triggers, ...further].map(triggerOfText).sort((a, b) => a.score - b.score);
  if (first === undefined) {
    throw new DrmGuardError(
      "E_RESULT",
      `found no reversed trigger in the result of the method ${method}, expected one`,
      {
        hint:
          verdict === "benign"
            ? "the verdict is benign, and no target was cheap enough to be looked at: there is nothing to unlearn"
            : "scan with the method contrast, and without a time budget that cuts it short",
      },
    );
  }
  if (first.score >= threshold) {
    warn(`the scan's verdict is ${verdict}: the repair goes by the trigger that came nearest to one`);
  }
  const isSame = (a: ReversedTrigger, b: ReversedTrigger): boolean =>
    Math.hypot(...a.target.map((value, j) => (value - b.target[j]!) / spread[j]!)) <
    contrastDefaults.neighbourhood;
  const chosen = [first];
  for (const each of others) {
    const rivals = chosen.filter((known) => known.family !== each.family && isSame(known, each));
    const isTaken =
      rivals.length === 0
        ? isLikeLowest(each.score, first.score, threshold)
        : rivals.every(({ score }) => each.score < undecidedFactor * score);
    if (isTaken && each.score < threshold) chosen.push(each);
  }
  return chosen;
}
