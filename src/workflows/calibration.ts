/** A threshold from known-good models: their scores are what benign models of this kind score, by this very scan. */
import { DrmGuardError } from "../errors.ts";
import type { Verdict } from "../identification/identification.ts";
import { type PreparedMethod, thresholdOption } from "../identification/methods.ts";
import type { WorkEvent } from "../loops/work.ts";
import { lowerPredictionBound } from "../metrics/prediction-interval.ts";
import type { ImportedModel } from "../models/import.ts";
import { resolvePreprocessing } from "../models/preprocessing.ts";
import type { ScanResult } from "../report/result.ts";
import { remaining } from "./deadline.ts";
import { differencesOf } from "./differences.ts";
import type { LoadedModel, ModelSource } from "./host.ts";
import { precheck } from "./precheck.ts";
import { runKeyOf } from "./saved-scan.ts";
import { configurationOf, type SearchContext, searchModel } from "./search-model.ts";

/** Constants of calibrated thresholds. */
export const calibrationConstants = {
  /**
   * The probability that one more benign model scores above the threshold: one false alarm in a hundred, as far as logarithms of scores
   * are normally distributed. Scores are ratios, which spread by factors.
   */
  confidence: 0.99,
  /**
   * With two references Student's t has one degree of freedom, and the interval is 39 deviations wide: next to nothing would lie below
   * it, whatever the model. With three it is 8, with five 4.1.
   */
  leastReferences: 3,
} as const;

/** What came of it, as the result records it. */
export type Calibration = NonNullable<ScanResult["calibration"]>;

/** What a scan with references knows of its model. */
export interface ReferencedModel {
  readonly loaded: LoadedModel;
  /** d */
  readonly dimension: number;
  readonly isGaze: (dimension: number) => boolean;
}

/**
 * Throws E_USAGE for so few references that no spread can be told.
 *
 * @param count how many there are
 */
export function assertEnoughReferences(count: number): void {
  const { leastReferences, confidence } = calibrationConstants;
  if (count >= leastReferences) return;
  throw new DrmGuardError(
    "E_USAGE",
    `found ${count} reference${count === 1 ? "" : "s"}, expected at least ${leastReferences}: the spread of fewer scores is not known well ` +
      `enough for a threshold that ${100 * confidence} % of benign models lie above`,
    { hint: "give more known-good models, or leave --reference out to use the method's own threshold" },
  );
}

/**
 * Makes sure that every reference can stand beside the model: the same inputs and outputs, and none twice. No search is begun.
 *
 * Throws E_REFERENCE when one does not fit, and what reading and running it throws, with its name.
 */
export async function assertReferencesFit(
  context: SearchContext,
  references: readonly ModelSource[],
  { loaded, dimension, isGaze }: ReferencedModel,
  warn: (message: string) => void,
): Promise<void> {
  const { runtime, preprocessing, images, options } = context;
  const seen = new Map([[loaded.sha256, `the model ${loaded.path}`]]);
  for (const source of references) {
    await named(source, async () => {
      const reference = await source.load();
      const known = seen.get(reference.sha256);
      if (known !== undefined) {
        throw unfit(`it is the same file as ${known}, expected another model`);
      }
      seen.set(reference.sha256, `the reference ${source.path}`);
      assertSameInput(reference.model, loaded.model);
      const own = resolvePreprocessing(reference.model, options.preprocessing);
      const differences = differencesOf({ ...own }, { ...preprocessing });
      if (differences !== "") throw unfit(`it takes images with ${differences} as the model does`);
      const checked = await precheck(runtime, reference.model, own, images, options, isGaze);
      if (checked.dimension !== dimension) {
        throw unfit(`it has ${checked.dimension} outputs, expected ${dimension} as the model has`);
      }
      for (const message of checked.warnings) warn(`reference ${source.path}: ${message}`);
    });
  }
}

/** Throws E_REFERENCE for an input of another shape; axes that either leaves open fit all. */
function assertSameInput(reference: ImportedModel, model: ImportedModel): void {
  const [found, wanted] = [reference.input.shape ?? [], model.input.shape ?? []];
  const isSame =
    found.length === wanted.length &&
    found.every((dim, axis) => {
      const other = wanted[axis];
      return axis === 0 || typeof dim !== "number" || typeof other !== "number" || dim === other;
    });
  if (isSame) return;
  const text = (shape: typeof found): string => `[${shape.map((dim) => dim ?? "?").join(", ")}]`;
  throw unfit(`its input is ${text(found)}, expected ${text(wanted)} as the model has`);
}

const unfit = (message: string): DrmGuardError =>
  new DrmGuardError("E_REFERENCE", message, {
    hint: "references are known-good models of the same kind as the model",
  });

/** Errors of a reference carry its name. */
async function named<T>({ path }: ModelSource, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DrmGuardError)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new DrmGuardError(error.code, `reference ${path}: ${error.message}`, { cause: error, ...hint });
  }
}

/** How a reference scored. */
interface ReferenceScore {
  readonly sha256: string;
  readonly score: number;
  readonly verdict: Verdict;
}

/**
 * Scans the references as the model is scanned, and takes the threshold from their scores: the lower end of the one-sided prediction
 * interval of their logarithms. Where all scores are the same they say nothing of a spread, and the method's own threshold stays, with
 * a warning. What was scanned before is not scanned again.
 *
 * Throws E_USAGE for a method that does not decide by a threshold, E_REFERENCE for a score that has no logarithm, E_TIME when the time
 * budget ends before all are scanned, and what {@link searchModel} throws, with the reference's name.
 *
 * @param deadline seconds since the epoch; null for none
 */
export async function calibrate(
  context: SearchContext,
  references: readonly ModelSource[],
  method: PreparedMethod,
  deadline: number | null,
  warn: (message: string) => void,
): Promise<Calibration> {
  const option = thresholdOption(context.options.method, method.options);
  const ownThreshold = method.options[option] as number;
  const scored: Calibration["references"] = [];
  for (const [k, source] of references.entries()) {
    const title = `reference ${k + 1} of ${references.length}, ${fileName(source.path)}`;
    const { sha256, score, verdict } = await named(source, () =>
      scoreOf(context, source, method, deadline, title),
    );
    if (score < ownThreshold) {
      warn(
        `reference ${source.path} scores ${short(score)}, below the method's own threshold of ${short(ownThreshold)} as a backdoored model ` +
          "does: if it is one, the calibrated threshold means nothing",
      );
    }
    scored.push({ path: source.path, sha256, score, verdict });
  }
  const { confidence } = calibrationConstants;
  const scores = scored.map(({ score }) => score);
  const isSpread = new Set(scores).size > 1;
  if (!isSpread) {
    warn(
      `all ${scores.length} references score ${short(scores[0]!)}, which says nothing of how far benign models spread: the method's own threshold ` +
        `of ${short(ownThreshold)} stays`,
    );
  }
  const threshold = isSpread ? Math.exp(lowerPredictionBound(scores.map(Math.log), confidence)) : null;
  return { option, threshold, ownThreshold, confidence, references: scored };
}

/** Why the threshold is what it is, in words. */
export function calibrationReason({ threshold, confidence, references, ownThreshold }: Calibration): string {
  const count = `${references.length} reference models`;
  return threshold === null
    ? `the threshold of ${short(ownThreshold)} is the method's own: ${count} all score ${short(references[0]!.score)}`
    : `the threshold of ${short(threshold)} is calibrated: ${100 * confidence} % of models like the ${count} score above it`;
}

const short = (value: number): string => String(Number(value.toPrecision(3)));

const fileName = (path: string): string => path.split(/[\\/]/).at(-1)!;

/** A reference's score, from the cache where it is there. */
async function scoreOf(
  context: SearchContext,
  source: ModelSource,
  method: PreparedMethod,
  deadline: number | null,
  title: string,
): Promise<ReferenceScore> {
  const { checkpoints, version, onEvent } = context.host;
  const loaded = await source.load();
  const { sha256 } = loaded;
  const key = await runKeyOf("reference", version, sha256, configurationOf(context, method));
  const known = (await checkpoints.load(key))?.json as ReferenceScore | undefined;
  if (known?.sha256 === sha256) {
    onEvent({ kind: "note", message: `${title}: score ${short(known.score)} taken from the cache` });
    return known;
  }
  const { found, forget } = await searchModel(context, {
    loaded,
    method,
    timeBudget: remaining(deadline),
    onEvent: titled(title, onEvent),
  });
  if (!found.isComplete) {
    throw new DrmGuardError("E_TIME", "the time budget ended before it was scanned", {
      hint: "the same command with --resume and a larger --time-budget goes on from there",
    });
  }
  const { score, verdict } = found;
  if (!(score > 0 && Number.isFinite(score))) {
    throw unfit(`its score is ${score}, expected a positive number, of which there is a logarithm`);
  }
  onEvent({ kind: "note", message: `${title}: score ${short(score)}` });
  await checkpoints.save(key, { arrays: {}, json: { sha256, score, verdict } satisfies ReferenceScore });
  await forget();
  return { sha256, score, verdict };
}

/** Events that say which model they are of. */
export function titled(title: string, onEvent: (event: WorkEvent) => void): (event: WorkEvent) => void {
  return (event) =>
    onEvent(
      event.kind === "phase" || event.kind === "step"
        ? { ...event, phase: `${title}: ${event.phase}` }
        : { ...event, message: `${title}: ${event.message}` },
    );
}
