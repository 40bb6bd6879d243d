/** A scan as a job: from paths to a result. */
import { dataKeyOf } from "../data/data-key.ts";
import type { ImageSet } from "../data/image-set.ts";
import { readBenign } from "../data/node/read-benign.ts";
import type { Identification, TargetCost } from "../identification/identification.ts";
import { prepareMethod } from "../identification/methods.ts";
import { presetFor } from "../identification/paper/options.ts";
import type { WorkEvent } from "../loops/work.ts";
import { imageSizeOf, type Preprocessing, resolvePreprocessing } from "../models/preprocessing.ts";
import { resultSchemaVersion, type ScanResult } from "../report/result.ts";
import { nodeRuntime } from "../runtime/node.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { checkpointFolder } from "./checkpoint-folder.ts";
import { environmentOf } from "./environment.ts";
import { drawEvidence } from "./evidence.ts";
import type { JobContext, ScanRequest } from "./job.ts";
import { type LoadedModel, loadModel } from "./load-model.ts";
import { type Precheck, precheck } from "./precheck.ts";
import { openSavedScan } from "./saved-scan.ts";
import { triggerText } from "./trigger-text.ts";
import { version } from "./version.ts";

/** The part of the memory limit that a step may take; the rest is for Node, the images and the model itself. */
const stepShare = 0.8;

/**
 * Scans a model.
 *
 * Throws what reading the model, reading the images, the precheck and the method throw.
 */
export async function runScan(request: ScanRequest, context: JobContext): Promise<ScanResult> {
  const start = Date.now();
  const warnings: string[] = [];
  const onEvent = (event: WorkEvent): void => {
    if (event.kind === "warning") warnings.push(event.message);
    context.onEvent(event);
  };
  const warn = (message: string): void => onEvent({ kind: "warning", message });
  const { threads, provider, seed, features, outputs, size } = request;

  onEvent({ kind: "phase", phase: "reading the model and the clean images", steps: 0 });
  const runtime = nodeRuntime({ threads, provider });
  const loaded = await loadModel(request.model, request.memoryLimit);
  const { model } = loaded;
  const preprocessing = resolvePreprocessing(model, request.preprocessing);
  const collected = await readBenign(request.benign, {
    channels: preprocessing.channels === "gray" ? 1 : 3,
    size: fixedSize(imageSizeOf(model, preprocessing.layout)),
    resizeTo: size,
  });
  collected.warnings.forEach(warn);
  const { images } = collected;

  onEvent({ kind: "phase", phase: "running the model on the clean images", steps: 0 });
  const isGaze = (d: number): boolean =>
    d === 2 && (request.preset === "auto" ? presetFor(d) : request.preset) === "gaze";
  const checked = await precheck(runtime, model, preprocessing, images, { features, outputs }, isGaze);
  checked.warnings.forEach(warn);
  const method = prepareMethod(request.method, request.preset, checked.dimension, request.options);

  const dataKey = await dataKeyOf(images);
  const store = checkpointFolder(request.cache);
  const configuration = {
    images: dataKey,
    seed,
    method: request.method,
    preprocessing,
    features,
    outputs,
    ...method.options,
  };
  const { runKey, isResumed } = await openSavedScan(store, loaded.sha256, configuration, request.resume);
  if (request.resume && !isResumed) onEvent({ kind: "note", message: "no saved scan found: starting anew" });
  const found = await method.identify({
    runtime,
    model,
    preprocessing,
    benign: images,
    seed,
    runKey,
    dataKey,
    checkpoints: store,
    onEvent,
    shouldStop: context.shouldStop,
    timeBudget: request.timeBudget,
    memoryLimit: stepShare * request.memoryLimit,
    features,
    outputs,
  });
  const parts = {
    request,
    loaded,
    preprocessing,
    images,
    dataKey,
    checked,
    preset: method.preset,
    found,
    warnings,
    runtime,
  };
  const result = await assemble(parts, start);
  // A search that ran out of time can go on under a larger budget.
  if (found.isComplete) await store.remove(runKey);
  return result;
}

function fixedSize([height, width]: readonly [number | null, number | null]): [number, number] | null {
  return height === null || width === null ? null : [height, width];
}

interface ResultParts {
  readonly request: ScanRequest;
  readonly loaded: LoadedModel;
  readonly preprocessing: Preprocessing;
  readonly images: ImageSet;
  readonly dataKey: string;
  readonly checked: Precheck;
  readonly preset: string | null;
  readonly found: Identification;
  readonly warnings: readonly string[];
  readonly runtime: Runtime;
}

async function assemble(parts: ResultParts, start: number): Promise<ScanResult> {
  const { request, loaded, preprocessing, images, checked, found, runtime } = parts;
  const { split } = checked.examined;
  const { file, input } = loaded.model;
  return {
    schemaVersion: resultSchemaVersion,
    tool: { name: "drmguard", version },
    createdAt: new Date().toISOString(),
    seconds: (Date.now() - start) / 1000,
    model: {
      path: request.model,
      sha256: loaded.sha256,
      bytes: loaded.bytes,
      producer: file.producer,
      opset: file.opsets.get("") ?? 0,
      input: { name: input.name, shape: [...(input.shape ?? [])] },
      outputs: [...split.outputs],
      features: split.heads.map((head) => head.feature),
    },
    benign: {
      path: request.benign,
      sha256: parts.dataKey,
      count: images.shape[0],
      shape: [...images.shape],
      labels: [...images.labelNames],
      cleanError: checked.cleanError && {
        ...checked.cleanError,
        meanAbsolute: [...checked.cleanError.meanAbsolute],
        meanAbsoluteOfMean: [...checked.cleanError.meanAbsoluteOfMean],
      },
    },
    preprocessing: { ...preprocessing, mean: [...preprocessing.mean], std: [...preprocessing.std] },
    seed: request.seed,
    method: found.method,
    preset: parts.preset,
    options: found.options as ScanResult["options"],
    verdict: found.verdict,
    reasons: [...found.reasons],
    score: found.score,
    threshold: found.threshold,
    margin: found.margin,
    target: found.target.map((value, j) => ({
      name: images.labelNames[j] ?? `${split.outputs.length === 1 ? split.outputs[0] : "output"} ${j}`,
      value,
    })),
    collapse: found.collapse,
    reconstructionFloor: found.reconstructionFloor,
    terms: found.terms.map(({ step, values }) => ({ step, values: { ...values } })),
    measures: { ...found.measures },
    ...(found.contrast === undefined ? {} : { contrast: plainContrast(found.contrast) }),
    ...(found.triggers === undefined ? {} : { triggers: found.triggers.map(triggerText) }),
    notChecked: [...found.notChecked],
    warnings: [...parts.warnings],
    evidence: await Promise.all(found.evidence.map(drawEvidence)),
    environment: { ...environmentOf(runtime, request.threads) },
  };
}

/** Costs as plain arrays, which the schema's type has. */
function plainContrast(maps: NonNullable<Identification["contrast"]>): ScanResult["contrast"] {
  const row = (each: TargetCost) => ({ ...each, target: [...each.target] });
  return maps.map((each) => ({
    ...each,
    homes: each.homes.map((home) => [...home]),
    map: each.map.map(row),
    findings: each.findings.map((finding) => ({
      ...finding,
      target: [...finding.target],
      restarts: [...finding.restarts],
      controls: finding.controls.map(row),
      homes: finding.homes.map(row),
    })),
  }));
}
