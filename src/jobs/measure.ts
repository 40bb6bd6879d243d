/** Measurements with true triggers, for programs. */
import type { MeasurementReport } from "../report/measurement.ts";
import { jobDefaults } from "./defaults.ts";
import type { MeasureRequest } from "./job.ts";
import { defaultMemoryLimit } from "./memory.ts";
import { runInChild, type WatchOptions, watchOptions } from "./run-in-child.ts";

/** What a measurement takes. */
export interface MeasureCall
  extends Pick<MeasureRequest, "model" | "run">,
    Partial<Pick<MeasureRequest, "cache" | "threads" | "provider" | "memoryLimit">>,
    WatchOptions {}

/**
 * Measures in a child process what the true triggers of a training do to a model: the one that was trained, one that was repaired, or
 * any other for the same images.
 *
 * Throws a DrmGuardError when the folder holds no finished training, or model or images cannot be used.
 *
 * @example
 * const { backdoors } = await measure({ model: "repaired.onnx", run: "runs/badnets" });
 */
export function measure(call: MeasureCall): Promise<MeasurementReport> {
  const request: MeasureRequest = {
    kind: "measure",
    model: call.model,
    run: call.run,
    cache: call.cache ?? jobDefaults.cache,
    threads: call.threads ?? jobDefaults.threads,
    provider: call.provider ?? jobDefaults.provider,
    memoryLimit: call.memoryLimit ?? defaultMemoryLimit(),
  };
  return runInChild(request, watchOptions(call));
}
