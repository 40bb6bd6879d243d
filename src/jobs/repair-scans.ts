/** The two scans of a repair: of the model, and of what came of it. */
import { DrmGuardError } from "../errors.ts";
import {
  type MethodChanges,
  type MethodName,
  methodNames,
  methodOptions,
} from "../identification/methods.ts";
import type { ReversedTrigger } from "../identification/reversed-trigger.ts";
import type { Preprocessing } from "../models/preprocessing.ts";
import type { ScanResult } from "../report/result.ts";
import { differencesOf } from "../workflows/differences.ts";
import { triggerOfText } from "../workflows/trigger-text.ts";
import type { JobContext, RepairRequest, ScanRequest } from "./job.ts";
import { readResultFile } from "./result-file.ts";
import { runScan } from "./scan-job.ts";

/** Where the scans of a repair are saved, and how long they may take. */
export interface RepairScans {
  /** A folder of their own, so that they do not meet other scans of the same model. */
  readonly folder: string;
  readonly isResumed: boolean;
  /** Seconds since the epoch; null for none. */
  readonly deadline: number | null;
}

/**
 * The result of a scan from a file.
 *
 * Throws E_FILE and E_RESULT when it is no result, or one of another model or of images that were prepared in another way.
 *
 * @param sha256 of the model
 */
export async function savedResult(
  path: string,
  sha256: string,
  preprocessing: Preprocessing,
): Promise<ScanResult> {
  const result = await readResultFile(path);
  if (result.model.sha256 !== sha256) {
    throw new DrmGuardError(
      "E_RESULT",
      `${path} is of ${result.model.path} (sha256 ${result.model.sha256.slice(0, 12)}), expected a result of this model (${sha256.slice(0, 12)})`,
    );
  }
  const differences = differencesOf(result.preprocessing, { ...preprocessing });
  if (differences !== "") {
    throw new DrmGuardError("E_RESULT", `${path} is of a scan with ${differences}`, {
      hint: "repeat the options of that scan",
    });
  }
  return result;
}

/**
 * Scans the model that is to be repaired, or takes the result that was given.
 *
 * Throws what {@link savedResult} and {@link runScan} throw.
 */
export function firstScanOf(
  request: RepairRequest,
  sha256: string,
  preprocessing: Preprocessing,
  scans: RepairScans,
  context: JobContext,
): Promise<ScanResult> {
  if (request.from !== null) return savedResult(request.from, sha256, preprocessing);
  return runScan(
    { ...scanRequest(request, scans), method: request.scan.method, options: request.scan.options },
    context,
  );
}

/**
 * Scans a repaired model in the way in which the original was.
 *
 * Throws E_RESULT when the first result is of a method that is not known here, and what {@link runScan} throws.
 */
export function scanAgain(
  request: RepairRequest,
  { method, options, seed }: Pick<ScanResult, "method" | "options" | "seed">,
  model: string,
  scans: RepairScans,
  context: JobContext,
): Promise<ScanResult> {
  const name = methodNames.find((each) => each === method);
  if (name === undefined) {
    throw new DrmGuardError("E_RESULT", `found method ${method}, expected one of ${methodNames.join(", ")}`);
  }
  return runScan(
    { ...scanRequest(request, scans), model, seed, method: name, options: changesOf(name, options) },
    context,
  );
}

function scanRequest(
  request: RepairRequest,
  { folder, isResumed, deadline }: RepairScans,
): Omit<ScanRequest, "method" | "options"> {
  return {
    ...request,
    kind: "scan",
    preset: "auto",
    timeBudget: deadline === null ? null : Math.max(0, deadline - Date.now() / 1000),
    cache: folder,
    resume: isResumed,
  };
}

/** The options of a method as a result has them: lists are words with colons between them. */
function changesOf(method: MethodName, options: ScanResult["options"]): MethodChanges {
  const entries = Object.entries(methodOptions[method].defaults).flatMap(([name, usual]) => {
    const value = options[name];
    if (value === undefined) return [];
    return [[name, Array.isArray(usual) ? String(value).split(":") : value]];
  });
  return Object.fromEntries(entries) as MethodChanges;
}

/**
 * The triggers to repair by: those that the scan found suspicious, or the most suspicious one with a warning.
 *
 * Throws E_RESULT when there are none.
 */
export function suspiciousTriggers(
  { triggers = [], threshold, verdict, method }: ScanResult,
  warn: (message: string) => void,
): ReversedTrigger[] {
  const [first, ...others] = triggers.map(triggerOfText);
  if (first === undefined) {
    throw new DrmGuardError(
      "E_RESULT",
      `found no reversed trigger in the result of the method ${method}, expected one`,
      {
        hint: "scan with the method contrast, and without a time budget that cuts it short",
      },
    );
  }
  if (first.score >= threshold) {
    warn(`the scan's verdict is ${verdict}: the repair goes by the trigger that came nearest to one`);
  }
  return [first, ...others.filter(({ score }) => score < threshold)];
}
