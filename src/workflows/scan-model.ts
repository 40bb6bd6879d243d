/** A scan from end to end: from a model and clean images to a result. Node and the page both call it. */
import { dataKeyOf } from "../data/data-key.ts";
import type { ImageSet } from "../data/image-set.ts";
import type { Identification, TargetCost } from "../identification/identification.ts";
import {
  assertTask,
  calibratedDefaults,
  type MethodChanges,
  type PreparedMethod,
  prepareMethod,
  thresholdOption,
} from "../identification/methods.ts";
import type { ReversedTrigger } from "../identification/reversed-trigger.ts";
import type { WorkEvent } from "../loops/work.ts";
import { type Preprocessing, resolvePreprocessing } from "../models/preprocessing.ts";
import { mostPictured, resultSchemaVersion, type ScanResult } from "../report/result.ts";
import type { Runtime } from "../runtime/runtime.ts";
import {
  assertEnoughReferences,
  assertReferencesFit,
  type Calibration,
  calibrate,
  calibrationReason,
  titled,
} from "./calibration.ts";
import { remaining } from "./deadline.ts";
import { drawEvidence, drawTrigger, shortResponses } from "./evidence.ts";
import type { Host, ImageSource, LoadedModel } from "./host.ts";
import { type Precheck, precheck } from "./precheck.ts";
import { readImagesFor } from "./read-images.ts";
import type { ScanOptions } from "./scan-options.ts";
import { searchModel } from "./search-model.ts";
import { triggerText } from "./trigger-text.ts";

/** Options are the same for all, but for the preset that is chosen by it. */
const anySubject = { dimension: 2, pixels: 1 };

/**
 * Scans a model.
 *
 * Throws what reading the images, the precheck and the method throw; E_RESUME when only a scan of another configuration can be gone
 * on with; E_INTERRUPTED, with the state saved, when it is asked to stop. With references, also E_USAGE for too few of them and for a
 * method that does not decide by a threshold, and E_REFERENCE when one does not fit.
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
  const { features, outputs, references = [], task = "regression" } = options;
  assertTask(options.method, task);
  if (references.length > 0) assertEnoughReferences(references.length);
  // Wrong options are said before images are read; for whatever number of outputs, they are wrong.
  prepareMethod(options.method, options.preset, anySubject, options.options, task);
  const { model } = loaded;
  const preprocessing = resolvePreprocessing(model, options.preprocessing);
  const collected = await readImagesFor(model, preprocessing, benign, options.size);
  collected.warnings.forEach(warn);
  const { images } = collected;

  onEvent({ kind: "phase", phase: "running the model on the clean images", steps: 0 });
  const isGaze = (d: number): boolean =>
    d === 2 && (options.method !== "paper" || ["auto", "gaze"].includes(options.preset));
  const checked = await precheck(runtime, model, preprocessing, images, { features, outputs, task }, isGaze);
  checked.warnings.forEach(warn);
  const [, , height, width] = images.shape;
  const subject = { dimension: checked.dimension, pixels: height * width };
  const prepare = (changes: MethodChanges): PreparedMethod =>
    prepareMethod(options.method, options.preset, subject, changes, task);
  const context = { runtime, preprocessing, images, dataKey: await dataKeyOf(images), options, host };
  const deadline = options.timeBudget === null ? null : Date.now() / 1000 + options.timeBudget;
  let method = prepare(options.options);
  if (options.preset === "auto" && method.preset === "quick") {
    const message = `images of ${height} x ${width} px: the quick preset is taken; --preset standard takes about four times as long`;
    onEvent({ kind: "note", message });
  }
  let calibration: Calibration | null = null;
  if (references.length > 0) {
    thresholdOption(options.method, method.options);
    await assertReferencesFit(context, references, { loaded, dimension: checked.dimension, isGaze }, warn);
    calibration = await calibrate(context, references, method, deadline, warn);
    const { option, threshold } = calibration;
    const defaults = calibratedDefaults(options.method);
    if (threshold !== null) method = prepare({ ...defaults, ...options.options, [option]: threshold });
  }
  const { found, forget } = await searchModel(context, {
    loaded,
    method,
    timeBudget: remaining(deadline),
    onEvent: references.length === 0 ? onEvent : titled("the model", onEvent),
  });
  const parts = {
    options,
    loaded,
    benignPath: benign.path,
    preprocessing,
    images,
    dataKey: context.dataKey,
    checked,
    preset: method.preset,
    found,
    calibration,
    warnings,
    host,
  };
  const result = await assemble(parts, start);
  // A search that ran out of time can go on under a larger budget.
  if (found.isComplete) await forget();
  return result;
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
  readonly calibration: Calibration | null;
  readonly warnings: readonly string[];
  readonly host: Host;
}

async function assemble(parts: ResultParts, start: number): Promise<ScanResult> {
  const { options, loaded, preprocessing, images, checked, found, calibration, host } = parts;
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
      ...(checked.accuracy === null ? {} : { accuracy: { ...checked.accuracy } }),
    },
    preprocessing: plainPreprocessing(preprocessing),
    seed: options.seed,
    task: options.task ?? "regression",
    method: found.method,
    preset: parts.preset,
    options: found.options as ScanResult["options"],
    verdict: found.verdict,
    reasons: [...found.reasons, ...(calibration === null ? [] : [calibrationReason(calibration)])],
    score: found.score,
    threshold: found.threshold,
    margin: found.margin,
    ...(calibration === null ? {} : { calibration }),
    target: found.target.map((value, j) => ({
      name:
        options.task === "classification"
          ? "class"
          : (images.labelNames[j] ?? `${split.outputs.length === 1 ? split.outputs[0] : "output"} ${j}`),
      value,
    })),
    collapse: found.collapse,
    reconstructionFloor: found.reconstructionFloor,
    terms: found.terms.map(({ step, values }) => ({ step, values: { ...values } })),
    ...(found.stages === undefined ? {} : { stages: found.stages.map((stage) => ({ ...stage })) }),
    measures: { ...found.measures },
    ...(found.contrast === undefined ? {} : { contrast: plainContrast(found.contrast) }),
    ...(found.triggers === undefined ? {} : { triggers: await drawnTriggers(found.triggers, images, host) }),
    notChecked: [...found.notChecked, ...uncheckedInputs(preprocessing)],
    warnings: [...parts.warnings],
    evidence: await Promise.all(found.evidence.map((image) => drawEvidence(image, host.encodePng))),
    ...(found.responses === undefined ? {} : { responses: shortResponses(found.responses, images.shape[0]) }),
    environment: { ...host.environment },
  };
}

/** With arrays that can be written to, and names in the schema's order, which a report that is drawn again has too. */
function plainPreprocessing({ held, ...preprocessing }: Preprocessing): ScanResult["preprocessing"] {
  const plain = { ...preprocessing, mean: [...preprocessing.mean], std: [...preprocessing.std] };
  if (held === undefined) return plain;
  const values = Object.entries(held).map(([name, each]) => [name, [...each]]);
  return { ...plain, held: Object.fromEntries(values) };
}

/** What holding inputs leaves out. */
function uncheckedInputs({ held = {} }: Preprocessing): string[] {
  return Object.entries(held).map(
    ([name, values]) =>
      `triggers under other values of input ${name}, which was held at ${values.join(", ")}`,
  );
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
