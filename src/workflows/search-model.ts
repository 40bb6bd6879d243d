/** The search for a backdoor in one model, saved and gone on with: that of a scan, and those of its references. */
import type { ImageSet } from "../data/image-set.ts";
import type { Identification } from "../identification/identification.ts";
import type { PreparedMethod } from "../identification/methods.ts";
import type { WorkEvent } from "../loops/work.ts";
import type { Preprocessing } from "../models/preprocessing.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Host, LoadedModel } from "./host.ts";
import { openSavedScan, type ScanConfiguration } from "./saved-scan.ts";
import type { ScanOptions } from "./scan-options.ts";

/** What the searches of a scan share. */
export interface SearchContext {
  readonly runtime: Runtime;
  readonly preprocessing: Preprocessing;
  readonly images: ImageSet;
  /** Identifies the images. */
  readonly dataKey: string;
  readonly options: ScanOptions;
  readonly host: Host;
}

/** One search. */
export interface ModelSearch {
  readonly loaded: LoadedModel;
  readonly method: PreparedMethod;
  /** Seconds after which no further step is begun; null for none. */
  readonly timeBudget: number | null;
  readonly onEvent: (event: WorkEvent) => void;
}

/** The part of the memory limit that a step may take; the rest is for the process, the images and the model itself. */
export const stepShare = 0.8;

/** All that a search depends on besides the model and the version. */
export function configurationOf(
  { dataKey, preprocessing, options }: SearchContext,
  method: PreparedMethod,
): ScanConfiguration {
  const { seed, features, outputs, task = "regression" } = options;
  return {
    images: dataKey,
    seed,
    method: options.method,
    preprocessing,
    features,
    outputs,
    ...(task === "regression" ? {} : { task }),
    ...method.options,
  };
}

/**
 * Searches one model.
 *
 * Throws what the method throws; E_RESUME when only a scan of another configuration can be gone on with; E_INTERRUPTED, with the
 * state saved, when it is asked to stop.
 *
 * @returns what was found, whether it went on from a saved state, and `forget`, which removes that state
 */
export async function searchModel(
  context: SearchContext,
  { loaded, method, timeBudget, onEvent }: ModelSearch,
): Promise<{ found: Identification; forget: () => Promise<void> }> {
  const { runtime, preprocessing, images, dataKey, options, host } = context;
  const { runKey, isResumed } = await openSavedScan(
    host.checkpoints,
    host.version,
    loaded.sha256,
    configurationOf(context, method),
    options.resume,
  );
  if (options.resume && !isResumed) onEvent({ kind: "note", message: "no saved scan found: starting anew" });
  const found = await method.identify({
    runtime,
    model: loaded.model,
    preprocessing,
    benign: images,
    seed: options.seed,
    runKey,
    dataKey,
    checkpoints: host.checkpoints,
    onEvent,
    onSketch: host.onSketch,
    shouldStop: host.shouldStop,
    timeBudget,
    memoryLimit: stepShare * options.memoryLimit,
    features: options.features,
    outputs: options.outputs,
    task: options.task ?? "regression",
  });
  return { found, forget: () => host.checkpoints.remove(runKey) };
}
