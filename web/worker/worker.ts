/** The worker that all the work is done in: ONNX Runtime blocks the thread that it runs in. */
import { z } from "zod";
import type { ImageSet } from "../../src/data/image-set.ts";
import { DrmGuardError, messageOf } from "../../src/errors.ts";
import { type ContrastOptions, contrastDefaults } from "../../src/identification/contrast/options.ts";
import { contrastPlan } from "../../src/identification/contrast/plan.ts";
import { memoryArchive } from "../../src/loops/memory-archive.ts";
import { throttleSteps } from "../../src/loops/throttle.ts";
import type { PlannedPhase, TriggerSketch } from "../../src/loops/work.ts";
import { checkModel } from "../../src/models/check.ts";
import { resolvePreprocessing } from "../../src/models/preprocessing.ts";
import { isRepairReport, readRepairReport } from "../../src/report/read-repair-report.ts";
import { readResult } from "../../src/report/read-result.ts";
import type { RepairReport } from "../../src/report/repair-report.ts";
import type { ScanResult } from "../../src/report/result.ts";
import type { WebRuntime } from "../../src/runtime/web.ts";
import type { Host, ImageSource } from "../../src/workflows/host.ts";
import {
  type MethodSettings,
  methodChanges,
  mitigationChanges,
  parseMethodSettings,
} from "../../src/workflows/method-settings.ts";
import { repairModel } from "../../src/workflows/repair-model.ts";
import { repairDefaults } from "../../src/workflows/repair-options.ts";
import { scanModel } from "../../src/workflows/scan-model.ts";
import type { ScanOptions } from "../../src/workflows/scan-options.ts";
import type { ImageFiles, PageMessage, PageRequest, ScanSettings, WorkerMessage } from "../messages.ts";
import { copiesInMemory } from "./copies.ts";
import { environmentOf } from "./environment.ts";
import { encodePng } from "./pictures.ts";
import { imageSource } from "./read-images.ts";
import { readModelFiles } from "./read-model.ts";
import { startRuntime } from "./runtime.ts";
import { type SketchArtist, sketchArtist, sketchInterval } from "./sketch.ts";
import { version } from "./version.ts";

// A schema would be made into a script, which the page's policy refuses.
z.config({ jitless: true });

/** What a worker's global object has beside a window's. */
interface WorkerScope {
  postMessage(message: WorkerMessage): void;
  onmessage: ((event: MessageEvent<PageMessage>) => void) | null;
}
const scope = self as unknown as WorkerScope;

/** WebAssembly addresses 4 GB; the rest is for what is not counted. */
const memoryLimit = 3.5e9;
/** Milliseconds between two reports of steps; the last one of a phase is always reported. */
const stepInterval = 100;

const checkpoints = memoryArchive();
let isStopping = false;
let lastSketch = 0;
/** The clean images of the page's last choice. */
let givenImages: readonly File[] = [];

const say = (message: WorkerMessage): void => scope.postMessage(message);

let started: Promise<WebRuntime> | null = null;

/** ONNX Runtime is started once: the page starts another worker for other settings of it. */
async function runtimeFor({ runtime: settings }: ScanSettings): Promise<WebRuntime> {
  started ??= startRuntime(settings);
  const runtime = await started;
  const { name, provider, threads, remarks } = runtime;
  say({ kind: "runtime", name, provider, threads, remarks });
  return runtime;
}

const onEvent = throttleSteps(stepInterval, (event) => say({ kind: "event", event }));

function onSketch(artist: SketchArtist, sketch: () => TriggerSketch): void {
  if (Date.now() - lastSketch < sketchInterval) return;
  lastSketch = Date.now();
  artist.draw(sketch()).then(
    (drawn) => {
      if (drawn !== null) say({ kind: "sketch", sketch: drawn });
    },
    // A picture is not worth a scan.
    (thrown: unknown) => onEvent({ kind: "note", message: `no picture: ${messageOf(thrown)}` }),
  );
}

function hostOf(runtime: WebRuntime, artist: SketchArtist): Host {
  return {
    version,
    environment: environmentOf(runtime),
    encodePng,
    checkpoints,
    onEvent,
    onSketch: (sketch) => onSketch(artist, sketch),
    shouldStop: () => isStopping,
  };
}

/** Images that the artist gets to see on their way. */
function watchedImages(files: ImageFiles, show: (images: ImageSet) => void): ImageSource {
  const source = imageSource(files);
  return {
    path: source.path,
    async read(wants) {
      onEvent({ kind: "phase", phase: "reading the clean images", steps: 0 });
      const collected = await source.read(wants);
      show(collected.images);
      return collected;
    },
  };
}

async function answer(request: PageRequest): Promise<WorkerMessage> {
  isStopping = false;
  if (request.kind === "open") return await openReport(request.file);
  const { settings } = request;
  const { held = null } = settings.preprocessing;
  onEvent({ kind: "phase", phase: "starting ONNX Runtime", steps: 0 });
  const runtime = await runtimeFor(settings);
  onEvent({ kind: "phase", phase: "reading the model", steps: 0 });
  const loaded = await readModelFiles(request.model, memoryLimit, held);
  const { model } = loaded;
  if (request.kind === "check") {
    const preprocessing = resolvePreprocessing(model, settings.preprocessing);
    return { kind: "checked", report: await checkModel({ ...settings, runtime, model, preprocessing }) };
  }
  const { method, repair: wanted } = settings;
  const options: ScanOptions = {
    ...settings,
    preset: "auto",
    options: methodChanges(method, settingsOf(settings.options)),
    memoryLimit,
    resume: request.resume,
  };
  const artist = sketchArtist(runtime);
  const host = hostOf(runtime, artist);
  const images = watchedImages(request.images, artist.show);
  try {
    if (request.kind === "scan") {
      say({ kind: "plan", phases: planOf(options) });
      return withReport("scanned", await scanModel(runtime, loaded, images, options, host));
    }
    const copies = copiesInMemory(request.model, memoryLimit, held);
    const repair = {
      ...options,
      method: wanted.method,
      options: mitigationChanges(wanted.method, settingsOf(wanted.options)),
      maxDegradation: wanted.maxDegradation ?? repairDefaults.maxDegradation,
      from: { path: "the result", result: request.result },
      scan: { method, options: options.options },
      rescan: true,
    };
    const report = await repairModel(runtime, loaded, copies, images, repair, host);
    return withRepairReport("repaired", report, copies.finished());
  } finally {
    await artist.release();
  }
}

/** Nothing is known of methods that say less of themselves. */
function planOf({ method, options }: ScanOptions): PlannedPhase[] {
  return method === "contrast"
    ? contrastPlan({ ...contrastDefaults, ...(options as Partial<ContrastOptions>) })
    : [];
}

/** Options of a method as they are written. */
function settingsOf(text: string): MethodSettings {
  return text.trim() === "" ? [] : parseMethodSettings(text);
}

async function openReport(file: File): Promise<WorkerMessage> {
  const text = await file.text();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new DrmGuardError("E_RESULT", `${file.name} is not JSON: ${messageOf(cause)}`, { cause });
  }
  return isRepairReport(parsed)
    ? withRepairReport("openedRepair", readRepairReport(parsed), [])
    : withReport("opened", readResult(parsed));
}

/** Loaded late: what draws is larger than all the rest. */
async function withReport(kind: "scanned" | "opened", result: ScanResult): Promise<WorkerMessage> {
  const { drawReport } = await import("./draw-report.ts");
  return { kind, result, html: drawReport(result) };
}

async function withRepairReport(
  kind: "repaired" | "openedRepair",
  report: RepairReport,
  files: readonly File[],
): Promise<WorkerMessage> {
  const { drawRepair } = await import("./draw-report.ts");
  return { kind, report, html: drawRepair(report), files };
}

function failureOf(thrown: unknown): WorkerMessage {
  if (thrown instanceof DrmGuardError) {
    return { kind: "failed", code: thrown.code, message: thrown.message, hint: thrown.hint ?? null };
  }
  const isMemory = thrown instanceof RangeError && /allocation failed|array length/i.test(thrown.message);
  return {
    kind: "failed",
    code: isMemory ? "E_MEMORY" : "E_INTERNAL",
    message: messageOf(thrown),
    hint: null,
  };
}

/** The request with the images that came before it. */
const withImages = (request: PageRequest): PageRequest =>
  request.kind === "scan" || request.kind === "repair"
    ? { ...request, images: { ...request.images, files: givenImages } }
    : request;

/** One thing at a time: a scan may be asked for while a check is on its way. */
let last: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  if (data.kind === "stop") {
    isStopping = true;
    return;
  }
  if (data.kind === "images") {
    givenImages = data.isFirst ? data.files : [...givenImages, ...data.files];
    return;
  }
  const request = withImages(data);
  last = last.then(() => answer(request)).then(say, (thrown: unknown) => say(failureOf(thrown)));
};
