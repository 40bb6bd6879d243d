/** Repairs of files, for programs. */
import type { MethodChanges, MethodName } from "../identification/methods.ts";
import type { RepairReport } from "../report/repair-report.ts";
import { repairDefaults } from "../workflows/repair-options.ts";
import { jobDefaults } from "./defaults.ts";
import type { RepairRequest } from "./job.ts";
import { runInChild, watchOptions } from "./run-in-child.ts";
import { type CheckCall, modelRequest, type Optional } from "./scan.ts";

/** What a repair of a file takes: three paths; all else has a default. */
export interface RepairCall
  extends CheckCall,
    Optional<
      Pick<
        RepairRequest,
        "from" | "method" | "options" | "rescan" | "maxDegradation" | "timeBudget" | "cache" | "resume"
      >
    > {
  /** A folder of clean images with labels or a .npz file. */
  readonly benign: string;
  /** The ONNX file to write. */
  readonly output: string;
  /** How the model is scanned where no result is given. */
  readonly scan?: { readonly method?: MethodName | null; readonly options?: MethodChanges | null } | null;
}

/**
 * Repairs a model in a child process.
 *
 * Throws a DrmGuardError for models and images that cannot be used, and when the repair breaks off. One that did not help is a report
 * whose outcome says so.
 *
 * @example
 * const report = await repair({ model: "model.onnx", benign: "images/", output: "repaired.onnx" });
 * console.log(report.outcome, report.regressionError);
 */
export function repair(call: RepairCall): Promise<RepairReport> {
  const request: RepairRequest = {
    ...modelRequest(call),
    kind: "repair",
    benign: call.benign,
    output: call.output,
    from: call.from ?? null,
    method: call.method ?? repairDefaults.method,
    options: call.options ?? {},
    scan: { method: call.scan?.method ?? jobDefaults.method, options: call.scan?.options ?? {} },
    rescan: call.rescan ?? true,
    maxDegradation: call.maxDegradation ?? repairDefaults.maxDegradation,
    timeBudget: call.timeBudget ?? null,
    cache: call.cache ?? jobDefaults.cache,
    resume: call.resume ?? false,
  };
  return runInChild(request, watchOptions(call));
}
