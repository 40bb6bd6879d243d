/** A saved result, read back. */
import { readFile } from "node:fs/promises";
import { fileError } from "../data/node/file-error.ts";
import { DrmGuardError, messageOf } from "../errors.ts";
import { readResult } from "../report/read-result.ts";
import type { ScanResult } from "../report/result.ts";

/**
 * Reads the result.json of a scan. Throws E_FILE when it cannot be read and E_RESULT when it is no result.
 *
 * @param path the file
 */
export async function readResultFile(path: string): Promise<ScanResult> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw fileError(`cannot read the result ${path}`, cause);
  });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new DrmGuardError("E_RESULT", `${path} is not JSON: ${messageOf(cause)}`, { cause });
  }
  return readResult(parsed);
}
