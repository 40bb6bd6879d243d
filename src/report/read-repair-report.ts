/** Reading reports of repairs back. */
import { readAs } from "./read-as.ts";
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
 * Throws what {@link readAs} throws.
 *
 * @param value what was parsed from JSON
 */
export function readRepairReport(value: unknown): RepairReport {
  return readAs(value, {
    what: "the report of a repair",
    schema: repairReportSchema,
    version: repairReportVersion,
  });
}
