/** Reading results back: from a child process or from a file. */
import { z } from "zod";
import { DrmGuardError } from "../errors.ts";
import { resultSchema, resultSchemaVersion, type ScanResult } from "./result.ts";

/**
 * Checks that a value is a result.
 *
 * Throws E_RESULT that names every field that does not fit, or the schema version when that is another one.
 *
 * @param value what was parsed from JSON
 */
export function readResult(value: unknown): ScanResult {
  const version = (value as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (typeof version === "string" && version.split(".")[0] !== resultSchemaVersion.split(".")[0]) {
    throw new DrmGuardError(
      "E_RESULT",
      `found a result of schema version ${version}, expected ${resultSchemaVersion}`,
    );
  }
  const parsed = resultSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = z.prettifyError(parsed.error).replaceAll(/\s*\n\s*/g, " ");
  throw new DrmGuardError("E_RESULT", `found something else than a scan result: ${problems}`);
}
