/** The method of contrast from end to end: is one target much cheaper to reach than others as far away? */
import { columnMeans, meanScaledDistance, meanVarianceRatio } from "../../metrics/statistics.ts";
import { evidenceCount, evidenceOf, responsePair } from "../evidence.ts";
import { families } from "../families/families.ts";
import type { TriggerFamily } from "../families/family.ts";
import type { ContrastMap, Identification, IdentificationSetup, TermSample } from "../identification.ts";
import { assertFiniteOutputs, predict } from "../predict.ts";
import { deadlineOf, measureClean } from "./clean-measure.ts";
import type { Finding } from "./contrasting.ts";
import { type FallbackContext, fallbackOf } from "./fallback.ts";
import { type Center, centerOf, type Places, placesOf } from "./homes.ts";
import { coneRatioOf, respondToTrigger } from "./measuring.ts";
import { assertContrastOptions, type ContrastOptions } from "./options.ts";
import { reversedTriggers } from "./reversed.ts";
import { averageImage, toOutputs } from "./scale.ts";
import { contrastText } from "./score.ts";
import { type FamilyOutcome, mapOf, searchFamily } from "./stages.ts";
import { distanceOf } from "./targets.ts";
import { decidingOf, isCertain, judge, limitsOf, lowestOf } from "./verdict.ts";

/**
 * Identifies a backdoor by the contrast of costs. The cost of a target is the smallest size of a trigger under which the
 * outputs of all images collapse onto it; it is several times lower at an attacker's target than at others as far away, and lower than at
 * the outputs that any model falls back to.
 *
 * Throws what examining the model throws, E_IMAGES for fewer than two images, E_MODEL_OUTPUT when an output does not
 * depend on the image, E_USAGE for options out of their range, E_INTERRUPTED when asked to stop, E_NAN when the model gives no
 * finite numbers, E_DIVERGED when a search does not.
 */
export async function identifyByContrast(
  setup: IdentificationSetup,
  options: ContrastOptions,
): Promise<Identification> {
  assertContrastOptions(options);
  const { benign, runtime, timeBudget } = setup;
  const deadline = deadlineOf(timeBudget);
  const { examined, clean, scale } = await measureClean(setup);
  const average = averageImage(benign);
  const ofAverage = await predict(runtime, examined, average);
  assertFiniteOutputs(ofAverage, average);
  const center = centerOf(ofAverage, clean.outputs, scale, options.homePart);
  const limits = limitsOf(options, clean.dimension);
  const measure = async ({ shown, outcome }: Pick<FoundIn, "shown" | "outcome">) => {
    const { family } = outcome.context;
    const after = await respondToTrigger(runtime, examined, benign, family, shown, evidenceCount);
    const target = columnMeans(after.outputs, after.dimension);
    return { after, target, wholeError: meanScaledDistance(after.outputs, target, scale.std) };
  };
  const isShown = async (outcome: FamilyOutcome): Promise<boolean> => {
    const lowest = lowestOf(findingsOf(outcome).filter((finding) => isCertain(finding, limits)));
    if (lowest === null) return false;
    return (await measure(lowest)).wholeError <= options.wholeTolerance;
  };
  if (!center.isHome) {
    const part = `${Math.round(100 * center.nearerPart)} % of the clean outputs are nearer`;
    setup.onEvent({
      kind: "note",
      message: `the output for the average image is far from the mean, ${part}: it is searched like any target`,
    });
  }
  const mean = scale.mean.map(() => 0);
  const hidden = await hiddenOf({ setup, options, scale }, clean.outputs);
  const placesFor = (family: TriggerFamily): Places => {
    // A warp hides nothing; and where the average image, which is smooth, looks to a model like a warped one, it gives the target.
    if (!family.canHide) return { homes: [mean], suspects: [], hidden: null };
    // What is no home may be an attacker's target, and is to be looked at by all triggers that can hide; a home is one of those that do.
    const ofFamily = hidden === null || (hidden.isHome && family.hiding === null) ? null : hidden;
    return placesOf(mean, center, ofFamily, options.tightTolerance);
  };
  const outcomes: FamilyOutcome[] = [];
  for (const name of options.families) {
    const family = families[name];
    const context = { setup, options, family, scale, ...placesFor(family), limits, deadline };
    const outcome = await searchFamily(context);
    outcomes.push(outcome);
    for (const finding of outcome.findings) {
      setup.onEvent({ kind: "note", message: `family ${name}: contrast ${contrastText(finding)}` });
    }
    if (options.afterBackdoor === "stop" && (await isShown(outcome))) break;
  }

  const findings = outcomes.flatMap(findingsOf);
  const deciding = decidingOf(findings, limits);
  const shown = deciding ?? nearestOf(outcomes);
  const { after, target, wholeError } = await measure(shown);
  const isComplete = outcomes.every((outcome) => outcome.isComplete);
  const nameOf = ({ context }: FamilyOutcome): string => context.family.name;
  const noDips = outcomes.flatMap((outcome) =>
    outcome.noDip === null ? [] : [{ family: nameOf(outcome), ratio: outcome.noDip }],
  );
  const emptyFamilies = outcomes
    .filter(({ findings, noDip, isComplete }) => isComplete && findings.length === 0 && noDip === null)
    .map(nameOf);
  const searched = outcomes.map(nameOf);
  const isCutShort = searched.length < options.families.length;
  // Without anything to compare 1 stands for no contrast.
  const score = deciding?.score ?? (noDips.length > 0 ? Math.min(...noDips.map(({ ratio }) => ratio)) : 1);
  return {
    method: "contrast",
    ...judge(
      {
        findings,
        noDips,
        emptyFamilies,
        isComplete,
        wholeError: deciding === null ? null : wholeError,
        limits,
      },
      options,
    ),
    score,
    threshold: options.threshold,
    margin: score / options.threshold,
    target,
    collapse: {
      coneRatio: coneRatioOf(after, clean),
      outputVarianceRatio: meanVarianceRatio(after.outputs, clean.outputs, clean.dimension),
    },
    reconstructionFloor: null,
    isComplete,
    terms: termsOf(outcomes),
    stages: outcomes.flatMap(({ searches }) => searches.map(({ name, steps }) => ({ name, steps }))),
    measures: {
      batch: Math.min(options.batch, benign.shape[0]),
      searchSteps: outcomes.reduce((total, { searches }) => total + stepsOf(searches), 0),
      wholeError,
      centerDistance: distanceOf(center.target),
      centerNearerPart: center.nearerPart,
      ...(hidden === null ? {} : { fallbackDistance: distanceOf(hidden.target) }),
      findings: findings.length,
      findingsBelowThreshold: findings.filter(({ high }) => high < options.threshold).length,
      ...(deciding === null ? {} : { scoreLow: deciding.low, scoreHigh: deciding.high }),
    },
    options: { ...options, families: options.families.join(":") },
    contrast: outcomes.map(partOf),
    triggers: reversedTriggers(findings),
    notChecked: [
      `triggers of other families than ${searched.join(", ")}${isCutShort ? ", which have shown a backdoor" : ""}`,
      `by triggers that can hide an image, as patches and waves do, targets within ${options.leastDistance} standard deviations of the mean output${center.isHome ? ` and of the output for the average image, which is ${distanceOf(center.target).toFixed(2)} from it` : ""}`,
      ...(hidden?.isHome && searched.includes("wave")
        ? [
            `by waves, targets within ${options.leastDistance} standard deviations of the output for hidden images, which is ${distanceOf(hidden.target).toFixed(2)} from the mean`,
          ]
        : []),
      `targets that none of the ${options.mapTargets} of the map slid to`,
      "several targets in one neighbourhood",
    ],
    evidence: evidenceOf(benign, { clean, reversed: after, attention: null }),
    responses: responsePair(clean, after),
  };
}

/**
 * What all hidden images give, whatever the families that are searched: by waves, which alone hide images on any model. Null where these give different outputs, and where no family is
 * searched that can hide.
 */
async function hiddenOf(
  context: Omit<FallbackContext, "family">,
  clean: Float32Array,
): Promise<Center | null> {
  const { setup, options, scale } = context;
  if (!options.families.some((name) => families[name].canHide)) return null;
  const output = await fallbackOf({ ...context, family: families.wave });
  if (output === null) return null;
  const hidden = centerOf(output, clean, scale, options.homePart);
  const at = `${distanceOf(hidden.target).toFixed(2)} standard deviations from the mean`;
  const means = hidden.isHome ? "which any model may give" : "which is searched like any target";
  setup.onEvent({ kind: "note", message: `hidden by waves, all images give one output, ${at}, ${means}` });
  return hidden;
}

/** A finding and the search that it comes from. */
interface FoundIn extends Finding {
  readonly family: string;
  readonly outcome: FamilyOutcome;
}

function findingsOf(outcome: FamilyOutcome): FoundIn[] {
  return outcome.findings.map((finding) => ({ ...finding, family: outcome.context.family.name, outcome }));
}

/** The trigger of all maps that came nearest to its target, for pictures where nothing was contrasted. */
function nearestOf(outcomes: readonly FamilyOutcome[]): Pick<FoundIn, "shown" | "outcome"> {
  const [nearest] = outcomes
    .flatMap((outcome) => outcome.map.map(({ error, theta }) => ({ error, shown: theta, outcome })))
    .sort((a, b) => a.error - b.error);
  return nearest!;
}

const stepsOf = (searches: FamilyOutcome["searches"]): number =>
  searches.reduce((total, { steps }) => total + steps, 0);

/** The values of all searches, one after the other. */
function termsOf(outcomes: readonly FamilyOutcome[]): TermSample[] {
  let start = 0;
  return outcomes
    .flatMap(({ searches }) => searches)
    .flatMap(({ history, steps }) => {
      const samples = history.map(({ step, values }) => ({ step: start + step, values }));
      start += steps;
      return samples;
    });
}

function partOf(outcome: FamilyOutcome): ContrastMap {
  const { family, homes, scale } = outcome.context;
  const plain = ({
    theta: _,
    shown: __,
    settled: ___,
    isComparable: ____,
    leadsWhereHidden: _______,
    canHide: _____,
    beside: ______,
    ...rest
  }: Finding) => rest;
  return {
    family: family.name,
    sizeUnit: family.sizeUnit,
    homes: homes.map((home) => toOutputs(home, scale)),
    map: mapOf(outcome),
    findings: outcome.findings.map(plain),
  };
}
