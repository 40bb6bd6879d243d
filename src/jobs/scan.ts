/** Scans and checks of files, for programs. */
import type { MethodChanges } from "../identification/methods.ts";
import type { CheckReport } from "../models/check.ts";
import { noPreprocessingHints, type PreprocessingHints } from "../models/preprocessing.ts";
import type { ScanResult } from "../report/result.ts";
import { jobDefaults } from "./defaults.ts";
import type { CheckRequest, ModelRequest, ScanRequest } from "./job.ts";
import { defaultMemoryLimit } from "./memory.ts";
import { runInChild, type WatchOptions, watchOptions } from "./run-in-child.ts";

/** Fields that may be left out; null is the default too. */
export type Optional<T> = { readonly [K in keyof T]?: T[K] | null | undefined };

/** What a check of a file takes: the path; all else has a default. */
export interface CheckCall extends Optional<Omit<ModelRequest, "model" | "preprocessing">>, WatchOptions {
  /** Path of the ONNX file. */
  readonly model: string;
  /** What the model expects of its input, where it differs from what its file shows. */
  readonly preprocessing?: Partial<PreprocessingHints>;
}

/** What a scan of a file takes: two paths; all else has a default. */
export interface ScanCall
  extends CheckCall,
    Optional<
      Pick<ScanRequest, "method" | "preset" | "task" | "references" | "timeBudget" | "cache" | "resume">
    > {
  /** A folder of clean images or a .npz file. */
  readonly benign: string;
  /** What differs from the method's preset or defaults. */
  readonly options?: MethodChanges | null;
}

/**
 * Scans a model in a child process.
 *
 * Throws a DrmGuardError for models and images that cannot be used, and when the scan fails or is stopped.
 *
 * @example
 * const result = await scan({ model: "model.onnx", benign: "images/" });
 * console.log(result.verdict, result.reasons);
 */
export function scan(call: ScanCall): Promise<ScanResult> {
  const request: ScanRequest = {
    ...modelRequest(call),
    kind: "scan",
    benign: call.benign,
    method: call.method ?? jobDefaults.method,
    preset: call.preset ?? jobDefaults.preset,
    options: call.options ?? {},
    task: call.task ?? "regression",
    references: call.references ?? [],
    timeBudget: call.timeBudget ?? null,
    cache: call.cache ?? jobDefaults.cache,
    resume: call.resume ?? false,
  };
  return runInChild(request, watchOptions(call));
}

/**
 * Checks in a child process whether a model can be scanned.
 *
 * Throws a DrmGuardError for models that cannot be read or run.
 */
export function check(call: CheckCall & Optional<Pick<CheckRequest, "task">>): Promise<CheckReport> {
  const request: CheckRequest = { ...modelRequest(call), kind: "check", task: call.task ?? "regression" };
  return runInChild(request, watchOptions(call));
}

/** What every job on a model needs, with every default filled in. */
export function modelRequest(call: CheckCall): ModelRequest {
  return {
    model: call.model,
    preprocessing: { ...noPreprocessingHints, ...call.preprocessing },
    size: call.size ?? null,
    features: call.features ?? null,
    outputs: call.outputs ?? null,
    seed: call.seed ?? jobDefaults.seed,
    threads: call.threads ?? jobDefaults.threads,
    provider: call.provider ?? jobDefaults.provider,
    memoryLimit: call.memoryLimit ?? defaultMemoryLimit(),
  };
}
