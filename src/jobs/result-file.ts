/** Saved results, read back. */
import { readFile } from "node:fs/promises";
import { fileError } from "../data/node/file-error.ts";
import { DrmGuardError, messageOf } from "../errors.ts";
import { isRepairReport, readRepairReport } from "../report/read-repair-report.ts";
import { readResult } from "../report/read-result.ts";
import type { RepairReport } from "../report/repair-report.ts";
import type { ScanResult } from "../report/result.ts";

/** What a file held: the result of a scan, or the report of a repair. */
export type SavedResult =
  | { readonly kind: "scan"; readonly result: ScanResult }
  | { readonly kind: "repair"; readonly report: RepairReport };

/**
 * Reads what a scan or a repair has saved. Throws E_FILE when it cannot be read and E_RESULT when it is neither, both with the path.
 *
 * @param path the file
 */
export async function readSavedResult(path: string): Promise<SavedResult> {
  const parsed = await readJson(path);
  try {
    return isRepairReport(parsed)
      ? { kind: "repair", report: readRepairReport(parsed) }
      : { kind: "scan", result: readResult(parsed) };
  } catch (error) {
    throw inFile(path, error);
  }
}

/**
 * Reads the result.json of a scan. Throws E_FILE when it cannot be read and E_RESULT when it is no result, both with the path.
 *
 * @param path the file
 */
export async function readResultFile(path: string): Promise<ScanResult> {
  const saved = await readSavedResult(path);
  if (saved.kind === "scan") return saved.result;
  throw new DrmGuardError("E_RESULT", `${path}: found the report of a repair, expected the result of a scan`);
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw fileError(`cannot read the result ${path}`, cause);
  });
  try {
    // Editors and shells on Windows begin a file with a byte order mark.
    return JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (cause) {
    throw new DrmGuardError("E_RESULT", `${path} is not JSON: ${messageOf(cause)}`, { cause });
  }
}

/** The same error with the file's name: of two files it must be clear which one is meant. */
function inFile(path: string, error: unknown): unknown {
  if (!(error instanceof DrmGuardError)) return error;
  return new DrmGuardError(error.code, `${path}: ${error.message}`, { cause: error });
}
