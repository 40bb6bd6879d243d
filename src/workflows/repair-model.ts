/** A repair from end to end: from a model with a backdoor to one without. Node and the page both call it. */
import { dataKeyOf } from "../data/data-key.ts";
import type { ImageSet } from "../data/image-set.ts";
import { DrmGuardError } from "../errors.ts";
import { archiveWithin } from "../loops/archive-within.ts";
import type { WorkEvent } from "../loops/work.ts";
import { errorMeasureFor } from "../metrics/regression-error.ts";
import { relativeRise } from "../metrics/relative-rise.ts";
import { columnVariances } from "../metrics/statistics.ts";
import {
  backdoorErrors,
  judgeRepair,
  type MeasuredModel,
  movementOf,
  type RepairOutcome,
} from "../mitigation/judgement.ts";
import { assertMitigationChanges, mitigate } from "../mitigation/methods.ts";
import { repairImages } from "../mitigation/repair-images.ts";
import { type TrainableWeights, trainableWeights } from "../mitigation/trainable-weights.ts";
import { examine } from "../models/examined-model.ts";
import { type Preprocessing, resolvePreprocessing } from "../models/preprocessing.ts";
import type { OnnxModel } from "../onnx/model.ts";
import { unpack } from "../optim/packing.ts";
import { type RepairReport, repairReportVersion } from "../report/repair-report.ts";
import type { ScanResult } from "../report/result.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Host, ImageSource, LoadedModel } from "./host.ts";
import { precheck } from "./precheck.ts";
import { readImagesFor } from "./read-images.ts";
import { repairEvidence, repairResponses } from "./repair-evidence.ts";
import type { RepairOptions } from "./repair-options.ts";
import {
  firstScanOf,
  furtherTriggers,
  type RepairScans,
  scanAgain,
  suspiciousTriggers,
} from "./repair-scans.ts";
import { openSavedScan } from "./saved-scan.ts";
import { stepShare } from "./search-model.ts";

/** A model's file with other weights. Nothing else in it changes. */
export interface ModelCopies {
  /** The model as it was written, before it is brought into another form. */
  original(): Promise<OnnxModel>;
  /** Makes a copy that is not judged yet and reads it back: weights of half precision are rounded in it. */
  draft(weights: NamedWeights): Promise<LoadedModel>;
  /** Takes the draft away; called whatever happened. */
  removeDraft(): Promise<void>;
  /** Makes the copy that the user gets, under a name that says what came of it. */
  finish(weights: NamedWeights, outcome: RepairOutcome): Promise<RepairReport["output"]>;
}

/** New values by the names of tensors. */
export type NamedWeights = ReadonlyMap<string, Float32Array>;

/**
 * Repairs a model: reversed triggers from a scan, a mitigation of its weights, a second scan of what came of it.
 *
 * Throws E_USAGE for options of the mitigation out of their range, E_LABELS without labels, E_RESULT when a result that is given is of another model or holds no triggers, and what scanning,
 * training and making copies throw.
 *
 * @param runtime what runs the model
 * @param loaded the model
 * @param copies its file with other weights
 * @param benign clean images with their true labels
 * @param start when the work began, in milliseconds since the epoch
 */
export async function repairModel(
  runtime: Runtime,
  loaded: LoadedModel,
  copies: ModelCopies,
  benign: ImageSource,
  options: RepairOptions,
  host: Host,
  start: number = Date.now(),
): Promise<RepairReport> {
  // Before images are read and the model is scanned, which takes minutes.
  assertMitigationChanges(options.method, options.options);
  const warnings: string[] = [];
  const onEvent = (event: WorkEvent): void => {
    if (event.kind === "warning") {
      // The scans of a repair see the same images, and would say it again.
      if (warnings.includes(event.message)) return;
      warnings.push(event.message);
    }
    host.onEvent(event);
  };
  const watched: Host = { ...host, onEvent };
  const warn = (message: string): void => onEvent({ kind: "warning", message });
  const { seed, features, outputs, memoryLimit } = options;
  const deadline = options.timeBudget === null ? null : start / 1000 + options.timeBudget;

  const { model } = loaded;
  const preprocessing = resolvePreprocessing(model, options.preprocessing);
  const images = await labelledImages(benign, options.size, loaded, preprocessing, warn);
  const split = { features, outputs };
  const isGaze =
    images.labelNames.length === 2 && ["yaw", "pitch"].every((n) => images.labelNames.includes(n));
  const checked = await precheck(runtime, model, preprocessing, images, split, () => isGaze);
  checked.warnings.forEach(warn);
  const { examined } = checked;
  const weights = trainableWeights(await copies.original(), examined.instance);
  const measure = errorMeasureFor(images.labelNames, isGaze ? "radians" : "as given");

  const dataKey = await dataKeyOf(images);
  const store = host.checkpoints;
  const configuration = {
    images: dataKey,
    seed,
    method: options.method,
    options: options.options,
    preprocessing,
    ...split,
    from: options.from?.path ?? null,
    scan: options.scan,
  };
  const { runKey, isResumed } = await openSavedScan(
    store,
    host.version,
    loaded.sha256,
    configuration,
    options.resume,
    "repair",
  );
  if (options.resume && !isResumed) {
    onEvent({ kind: "note", message: "no saved repair found: starting anew" });
  }
  // Apart, so that they do not meet other scans of the same model.
  const scanned = archiveWithin(store, `within-${runKey}-`);
  const scans: RepairScans = {
    runtime,
    benign,
    host: { ...watched, checkpoints: scanned },
    isResumed,
    deadline,
  };
  const scanKey = `${runKey}-scan`;
  const saved = await store.load(scanKey);
  const before =
    (saved?.json as ScanResult | undefined) ?? (await firstScanOf(options, loaded, preprocessing, scans));
  await store.save(scanKey, { arrays: {}, json: before });
  const furtherKey = `${runKey}-further`;
  const savedFurther = await store.load(furtherKey);
  const further =
    (savedFurther?.json as Awaited<ReturnType<typeof furtherTriggers>> | undefined) ??
    (await furtherTriggers(options, before, loaded, scans));
  await store.save(furtherKey, { arrays: {}, json: further });
  const spread = columnVariances(images.labels!, images.labelNames.length).map(Math.sqrt);
  const triggers = suspiciousTriggers(before, further, spread, warn);

  onEvent({ kind: "phase", phase: "putting reversed triggers on the clean images", steps: 0 });
  const { training, mirrored, isMovable, validation, test } = await repairImages(
    runtime,
    images,
    triggers,
    seed,
  );
  const mitigation = await mitigate(
    {
      runtime,
      model,
      weights,
      preprocessing,
      ...split,
      training,
      mirrored,
      isMovable,
      validation,
      measure,
      maxDegradation: options.maxDegradation,
      seed,
      runKey,
      deadline,
      memoryLimit: stepShare * memoryLimit,
      checkpoints: store,
      onEvent,
      onSketch: host.onSketch,
      shouldStop: host.shouldStop,
    },
    options.method,
    options.options,
  );
  if (!mitigation.isComplete) warn("the time ran out before the last step of the repair");

  const replaced = namedWeights(weights, mitigation.weights);
  let errors: { before: MeasuredModel; after: MeasuredModel };
  let after: ScanResult | null;
  try {
    const repaired = await copies.draft(replaced);
    const shape = [examined.batch, ...images.shape.slice(1)] as unknown as ImageSet["shape"];
    const again = await examine(runtime, repaired.model, preprocessing, shape, split);
    const targets = triggers.map(({ target }) => target);
    errors = {
      before: await backdoorErrors(runtime, examined, test, targets, measure),
      after: await backdoorErrors(runtime, again, test, targets, measure),
    };
    after = options.rescan ? await scanAgain(options, before, repaired, scans) : null;
  } finally {
    await copies.removeDraft();
  }
  const clean = relativeRise(errors.before.cleanErrors, errors.after.cleanErrors);
  const { outcome, reasons } = judgeRepair(
    clean,
    errors.after.triggers,
    after?.verdict ?? null,
    options.maxDegradation,
  );
  const output = await copies.finish(replaced, outcome);
  const count = (set: typeof test): number => set.clean.shape[0];
  const report: RepairReport = {
    schemaVersion: repairReportVersion,
    tool: { name: "drmguard", version: host.version },
    createdAt: new Date().toISOString(),
    seconds: (Date.now() - start) / 1000,
    model: { path: loaded.path, sha256: loaded.sha256, bytes: loaded.bytes },
    output,
    benign: {
      path: benign.path,
      sha256: dataKey,
      labels: [...images.labelNames],
      training: count(training),
      validation: count(validation),
      test: count(test),
    },
    seed,
    errors: { kind: measure.kind, unit: measure.unit },
    outcome,
    reasons,
    maxDegradation: options.maxDegradation,
    regressionError: {
      before: errors.before.clean,
      after: errors.after.clean,
      interval: clean.interval === null ? null : [...clean.interval],
    },
    triggers: triggers.map(({ family, target, score }, k) => ({
      family,
      target: [...target],
      score,
      before: { ...errors.before.triggers[k]! },
      after: { ...errors.after.triggers[k]! },
    })),
    movement: movementOf(weights.values, mitigation.weights),
    scans: { before: summaryOf(before), after: after && summaryOf(after) },
    training: {
      method: options.method,
      options: { ...mitigation.options },
      isComplete: mitigation.isComplete,
      measures: { ...mitigation.measures },
      history: mitigation.history.map(({ step, values }) => ({ step, values: { ...values } })),
    },
    responses: repairResponses(test, errors),
    evidence: await repairEvidence(test, errors, host.encodePng),
    warnings,
    environment: { ...host.environment },
  };
  await store.remove(runKey);
  await scanned.remove("");
  return report;
}

async function labelledImages(
  benign: ImageSource,
  size: RepairOptions["size"],
  { model }: LoadedModel,
  preprocessing: Preprocessing,
  warn: (message: string) => void,
): Promise<ImageSet> {
  const { images, warnings } = await readImagesFor(model, preprocessing, benign, size);
  warnings.forEach(warn);
  if (images.labels !== null) return images;
  throw new DrmGuardError(
    "E_LABELS",
    `found no labels in ${benign.path}, expected the true ones: a repair trains on them`,
    { hint: "a labels.csv in the folder has a column file and one column for each output" },
  );
}

function namedWeights({ packing }: TrainableWeights, weights: Float32Array): NamedWeights {
  const arrays = Object.entries(unpack(weights, packing));
  return new Map(arrays.map(([name, { data }]) => [name, data as Float32Array]));
}

function summaryOf({
  method,
  verdict,
  score,
  threshold,
  reasons,
}: ScanResult): RepairReport["scans"]["before"] {
  return { method, verdict, score, threshold, reasons };
}
