/** Reading reports of repairs back. */
import { z } from "zod";
import { DrmGuardError } from "../errors.ts";
import { type RepairReport, repairReportSchema, repairReportVersion } from "./repair-report.ts";

/**
 * Whether a value is meant as the report of a repair, and not as the result of a scan: a repair has an outcome, a scan a verdict.
 *
 * @param value what was parsed from JSON
 */
export function isRepairReport(value: unknown): boolean {
  return typeof value === "object" && value !== null && "outcome" in value && !("verdict" in value);
}

/**
 * Checks that a value is the report of a repair.
 *
 * Throws E_RESULT that names every field that does not fit, or the schema version when that is another one.
 *
 * @param value what was parsed from JSON
 */
export function readRepairReport(value: unknown): RepairReport {
  const version = (value as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (typeof version === "string" && version.split(".")[0] !== repairReportVersion.split(".")[0]) {
    throw new DrmGuardError(
      "E_RESULT",
      `found the report of a repair of schema version ${version}, expected ${repairReportVersion}`,
    );
  }
  const parsed = repairReportSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = z.prettifyError(parsed.error).replaceAll(/\s*\n\s*/g, " ");
  throw new DrmGuardError("E_RESULT", `found something else than the report of a repair: ${problems}`);
}
