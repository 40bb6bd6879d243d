/** Reading results back: from a child process or from a file. */
import { readAs } from "./read-as.ts";
import { resultSchema, resultSchemaVersion, type ScanResult } from "./result.ts";

/**
 * Checks that a value is a result.
 *
 * Throws what {@link readAs} throws.
 *
 * @param value what was parsed from JSON
 */
export function readResult(value: unknown): ScanResult {
  return readAs(value, { what: "a scan result", schema: resultSchema, version: resultSchemaVersion });
}
