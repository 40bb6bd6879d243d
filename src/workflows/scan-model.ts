/** A scan from end to end: from a model and clean images to a result. Node and the page both call it. */
import { dataKeyOf } from "../data/data-key.ts";
import type { ImageSet } from "../data/image-set.ts";
import type { Identification, TargetCost } from "../identification/identification.ts";
import {
  type MethodChanges,
  type MethodName,
  type PresetChoice,
  prepareMethod,
} from "../identification/methods.ts";
import { presetFor } from "../identification/paper/options.ts";
import type { ReversedTrigger } from "../identification/reversed-trigger.ts";
import type { WorkEvent } from "../loops/work.ts";
import {
  imageSizeOf,
  type Preprocessing,
  type PreprocessingHints,
  resolvePreprocessing,
} from "../models/preprocessing.ts";
import type { SplitOptions } from "../models/split.ts";
import { mostPictured, resultSchemaVersion, type ScanResult } from "../report/result.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { drawEvidence, drawTrigger, shortResponses } from "./evidence.ts";
import type { Host, ImageSource, LoadedModel } from "./host.ts";
import { type Precheck, precheck } from "./precheck.ts";
import { openSavedScan } from "./saved-scan.ts";
import { triggerText } from "./trigger-text.ts";

/** How a model is scanned; every default is filled in. */
export interface ScanOptions extends SplitOptions {
  readonly preprocessing: PreprocessingHints;
  /** Height and width that images are resized to; null to take them as they are. */
  readonly size: readonly [number, number] | null;
  readonly seed: number;
  readonly method: MethodName;
  readonly preset: PresetChoice;
  /** What differs from the method's preset or defaults. */
  readonly options: MethodChanges;
  /** Seconds after which no further search is begun; null for none. */
  readonly timeBudget: number | null;
  /** Bytes that the process may take in all. */
  readonly memoryLimit: number;
  /** Whether to go on from a saved state. */
  readonly resume: boolean;
}

/** The part of the memory limit that a step may take; the rest is for the process, the images and the model itself. */
export const stepShare = 0.8;

/**
 * Scans a model.
 *
 * Throws what reading the images, the precheck and the method throw; E_RESUME when only a scan of another configuration can be gone
 * on with; E_INTERRUPTED, with the state saved, when it is asked to stop.
 *
 * @param runtime what runs the model
 * @param loaded the model
 * @param benign clean images like those that the model is made for
 * @param start when the work began, in milliseconds since the epoch
 */
export async function scanModel(
  runtime: Runtime,
  loaded: LoadedModel,
  benign: ImageSource,
  options: ScanOptions,
  host: Host,
  start: number = Date.now(),
): Promise<ScanResult> {
  const warnings: string[] = [];
  const onEvent = (event: WorkEvent): void => {
    if (event.kind === "warning") warnings.push(event.message);
    host.onEvent(event);
  };
  const warn = (message: string): void => onEvent({ kind: "warning", message });
  const { seed, features, outputs } = options;
  const { model } = loaded;
  const preprocessing = resolvePreprocessing(model, options.preprocessing);
  const collected = await benign.read({
    channels: preprocessing.channels === "gray" ? 1 : 3,
    size: fixedSize(imageSizeOf(model, preprocessing.layout)),
    resizeTo: options.size,
  });
  collected.warnings.forEach(warn);
  const { images } = collected;

  onEvent({ kind: "phase", phase: "running the model on the clean images", steps: 0 });
  const isGaze = (d: number): boolean =>
    d === 2 && (options.preset === "auto" ? presetFor(d) : options.preset) === "gaze";
  const checked = await precheck(runtime, model, preprocessing, images, { features, outputs }, isGaze);
  checked.warnings.forEach(warn);
  const method = prepareMethod(options.method, options.preset, checked.dimension, options.options);

  const dataKey = await dataKeyOf(images);
  const store = host.checkpoints;
  const configuration = {
    images: dataKey,
    seed,
    method: options.method,
    preprocessing,
    features,
    outputs,
    ...method.options,
  };
  const { runKey, isResumed } = await openSavedScan(
    store,
    host.version,
    loaded.sha256,
    configuration,
    options.resume,
  );
  if (options.resume && !isResumed) onEvent({ kind: "note", message: "no saved scan found: starting anew" });
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
    onSketch: host.onSketch,
    shouldStop: host.shouldStop,
    timeBudget: options.timeBudget,
    memoryLimit: stepShare * options.memoryLimit,
    features,
    outputs,
  });
  const parts = {
    options,
    loaded,
    benignPath: benign.path,
    preprocessing,
    images,
    dataKey,
    checked,
    preset: method.preset,
    found,
    warnings,
    host,
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
  readonly options: ScanOptions;
  readonly loaded: LoadedModel;
  readonly benignPath: string;
  readonly preprocessing: Preprocessing;
  readonly images: ImageSet;
  readonly dataKey: string;
  readonly checked: Precheck;
  readonly preset: string | null;
  readonly found: Identification;
  readonly warnings: readonly string[];
  readonly host: Host;
}

async function assemble(parts: ResultParts, start: number): Promise<ScanResult> {
  const { options, loaded, preprocessing, images, checked, found, host } = parts;
  const { split } = checked.examined;
  const { file, input } = loaded.model;
  return {
    schemaVersion: resultSchemaVersion,
    tool: { name: "drmguard", version: host.version },
    createdAt: new Date().toISOString(),
    seconds: (Date.now() - start) / 1000,
    model: {
      path: loaded.path,
      sha256: loaded.sha256,
      bytes: loaded.bytes,
      producer: file.producer,
      opset: file.opsets.get("") ?? 0,
      input: { name: input.name, shape: [...(input.shape ?? [])] },
      outputs: [...split.outputs],
      features: split.heads.map((head) => head.feature),
    },
    benign: {
      path: parts.benignPath,
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
    seed: options.seed,
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
    ...(found.stages === undefined ? {} : { stages: found.stages.map((stage) => ({ ...stage })) }),
    measures: { ...found.measures },
    ...(found.contrast === undefined ? {} : { contrast: plainContrast(found.contrast) }),
    ...(found.triggers === undefined ? {} : { triggers: await drawnTriggers(found.triggers, images, host) }),
    notChecked: [...found.notChecked],
    warnings: [...parts.warnings],
    evidence: await Promise.all(found.evidence.map((image) => drawEvidence(image, host.encodePng))),
    ...(found.responses === undefined ? {} : { responses: shortResponses(found.responses, images.shape[0]) }),
    environment: { ...host.environment },
  };
}

/** Triggers as data, the first ones with pictures of what they are made of. */
function drawnTriggers(
  triggers: readonly ReversedTrigger[],
  { shape: [, c, h, w] }: ImageSet,
  { encodePng }: Host,
): Promise<NonNullable<ScanResult["triggers"]>> {
  return Promise.all(
    triggers.map(async (trigger, k) => ({
      ...triggerText(trigger),
      ...(k < mostPictured ? await drawTrigger(trigger, [c, h, w], encodePng) : {}),
    })),
  );
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
