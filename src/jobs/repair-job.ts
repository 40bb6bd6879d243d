/** A repair as a job: from a model with a backdoor to one without. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { dataKeyOf, sha256 } from "../data/data-key.ts";
import type { ImageSet } from "../data/image-set.ts";
import { externalDataBeside } from "../data/node/external-data.ts";
import { readBenign } from "../data/node/read-benign.ts";
import { DrmGuardError } from "../errors.ts";
import type { WorkEvent } from "../loops/work.ts";
import { errorMeasureFor } from "../metrics/regression-error.ts";
import { type BackdoorErrors, backdoorErrors, judgeRepair, movementOf } from "../mitigation/judgement.ts";
import { mitigate } from "../mitigation/methods.ts";
import { repairImages } from "../mitigation/repair-images.ts";
import { type TrainableWeights, trainableWeights } from "../mitigation/trainable-weights.ts";
import { examine } from "../models/examined-model.ts";
import { imageSizeOf, type Preprocessing, resolvePreprocessing } from "../models/preprocessing.ts";
import { readModel } from "../onnx/proto.ts";
import { unpack } from "../optim/packing.ts";
import { type RepairReport, repairReportVersion } from "../report/repair-report.ts";
import type { ScanResult } from "../report/result.ts";
import { nodeRuntime } from "../runtime/node.ts";
import type { LoadedModel } from "../workflows/host.ts";
import { precheck } from "../workflows/precheck.ts";
import { openSavedScan } from "../workflows/saved-scan.ts";
import { checkpointFolder } from "./checkpoint-folder.ts";
import { environmentOf } from "./environment.ts";
import type { JobContext, RepairRequest } from "./job.ts";
import { loadModel } from "./load-model.ts";
import {
  assertNewOutput,
  failedPath,
  removeRepaired,
  unverifiedPath,
  writeRepaired,
} from "./repair-output.ts";
import { firstScanOf, scanAgain, suspiciousTriggers } from "./repair-scans.ts";
import { version } from "./version.ts";

/** The part of the memory limit that a step may take; the rest is for Node, the images and the model itself. */
const stepShare = 0.8;

/**
 * Repairs a model: reversed triggers from a scan, a mitigation of its weights, a second scan of what came of it.
 *
 * Throws E_LABELS without labels, E_WRITE when the output is there already, E_RESULT when a result that is given is of another
 * model or holds no triggers, and what scanning and training throw.
 */
export async function runRepair(request: RepairRequest, context: JobContext): Promise<RepairReport> {
  const start = Date.now();
  const warnings: string[] = [];
  const onEvent = (event: WorkEvent): void => {
    if (event.kind === "warning" && !warnings.includes(event.message)) warnings.push(event.message);
    context.onEvent(event);
  };
  const watched: JobContext = { ...context, onEvent };
  const warn = (message: string): void => onEvent({ kind: "warning", message });
  const { threads, provider, seed, features, outputs, memoryLimit } = request;
  await assertNewOutput(request.output);
  const deadline = request.timeBudget === null ? null : start / 1000 + request.timeBudget;

  onEvent({ kind: "phase", phase: "reading the model and the clean images", steps: 0 });
  const runtime = nodeRuntime({ threads, provider });
  const loaded = await loadModel(request.model, memoryLimit);
  const { model } = loaded;
  const preprocessing = resolvePreprocessing(model, request.preprocessing);
  const images = await labelledImages(request, loaded, preprocessing);
  const split = { features, outputs };
  const { examined } = await precheck(runtime, model, preprocessing, images, split, () => false);
  const weights = trainableWeights(await fileOf(request.model), examined.instance);
  const isGaze =
    images.labelNames.length === 2 && ["yaw", "pitch"].every((n) => images.labelNames.includes(n));
  const measure = errorMeasureFor(images.labelNames, isGaze ? "radians" : "as given");

  const dataKey = await dataKeyOf(images);
  const store = checkpointFolder(request.cache);
  const configuration = {
    images: dataKey,
    seed,
    method: request.method,
    options: request.options,
    preprocessing,
    ...split,
    from: request.from,
    scan: request.scan,
  };
  const { runKey, isResumed } = await openSavedScan(
    store,
    version,
    loaded.sha256,
    configuration,
    request.resume,
    "repair",
  );
  if (request.resume && !isResumed) {
    onEvent({ kind: "note", message: "no saved repair found: starting anew" });
  }
  const scans = { folder: join(request.cache, runKey), isResumed, deadline };
  const scanKey = `${runKey}-scan`;
  const saved = await store.load(scanKey);
  const before =
    (saved?.json as ScanResult | undefined) ??
    (await firstScanOf(request, loaded.sha256, preprocessing, scans, watched));
  await store.save(scanKey, { arrays: {}, json: before });
  const triggers = suspiciousTriggers(before, warn);

  onEvent({ kind: "phase", phase: "putting reversed triggers on the clean images", steps: 0 });
  const { training, validation, test } = await repairImages(runtime, images, triggers, seed);
  const mitigation = await mitigate(
    {
      runtime,
      model,
      weights,
      preprocessing,
      ...split,
      training,
      validation,
      measure,
      maxDegradation: request.maxDegradation,
      seed,
      runKey,
      deadline,
      memoryLimit: stepShare * memoryLimit,
      checkpoints: store,
      onEvent,
      shouldStop: context.shouldStop,
    },
    request.method,
    request.options,
  );
  if (!mitigation.isComplete) warn("the time ran out before the last step of the repair");

  const replaced = namedWeights(weights, mitigation.weights);
  const unverified = unverifiedPath(request.output);
  const externalFiles = await writeRepaired(request.model, replaced, unverified);
  let errors: { before: BackdoorErrors; after: BackdoorErrors };
  let after: ScanResult | null;
  try {
    // What was written is what counts: weights of half precision are rounded in it.
    const repaired = await loadModel(unverified, memoryLimit);
    const shape = [examined.batch, ...images.shape.slice(1)] as unknown as ImageSet["shape"];
    const again = await examine(runtime, repaired.model, preprocessing, shape, split);
    const targets = triggers.map(({ target }) => target);
    errors = {
      before: await backdoorErrors(runtime, examined, test, targets, measure),
      after: await backdoorErrors(runtime, again, test, targets, measure),
    };
    after = request.rescan ? await scanAgain(request, before, unverified, scans, watched) : null;
  } finally {
    await removeRepaired(unverified, externalFiles);
  }
  const { outcome, reasons } = judgeRepair(
    errors.before,
    errors.after,
    after?.verdict ?? null,
    request.maxDegradation,
  );
  const output = outcome === "failed" ? failedPath(request.output) : request.output;
  await writeRepaired(request.model, replaced, output);
  const count = (set: typeof test): number => set.clean.shape[0];
  const report: RepairReport = {
    schemaVersion: repairReportVersion,
    tool: { name: "drmguard", version },
    createdAt: new Date().toISOString(),
    seconds: (Date.now() - start) / 1000,
    model: { path: request.model, sha256: loaded.sha256, bytes: loaded.bytes },
    output: { path: output, sha256: await sha256(await bytesOf(output)) },
    benign: {
      path: request.benign,
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
    maxDegradation: request.maxDegradation,
    regressionError: { before: errors.before.clean, after: errors.after.clean },
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
      method: request.method,
      options: { ...mitigation.options },
      isComplete: mitigation.isComplete,
      measures: { ...mitigation.measures },
      history: mitigation.history.map(({ step, values }) => ({ step, values: { ...values } })),
    },
    warnings,
    environment: { ...environmentOf(runtime, threads) },
  };
  await store.remove(runKey);
  await rm(scans.folder, { recursive: true, force: true });
  return report;
}

async function labelledImages(
  { benign, size }: RepairRequest,
  { model }: LoadedModel,
  { layout, channels }: Preprocessing,
): Promise<ImageSet> {
  const [height, width] = imageSizeOf(model, layout);
  const { images } = await readBenign(benign, {
    channels: channels === "gray" ? 1 : 3,
    size: height === null || width === null ? null : [height, width],
    resizeTo: size,
  });
  if (images.labels !== null) return images;
  throw new DrmGuardError(
    "E_LABELS",
    `found no labels in ${benign}, expected the true ones: a repair trains on them`,
    { hint: "a labels.csv in the folder has a column file and one column for each output" },
  );
}

async function bytesOf(path: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(path));
}

/** The model as it was written, before it is brought into another form. */
async function fileOf(path: string): Promise<ReturnType<typeof readModel>> {
  return readModel(await bytesOf(path), externalDataBeside(path));
}

function namedWeights({ packing }: TrainableWeights, weights: Float32Array): Map<string, Float32Array> {
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
