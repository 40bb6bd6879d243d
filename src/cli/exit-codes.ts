/** What the command line's exit code says. */
import type { ErrorCode } from "../errors.ts";
import type { Verdict } from "../identification/identification.ts";
import type { RepairOutcome } from "../mitigation/judgement.ts";
import type { ResultDiff } from "../report/diff.ts";

/** The exit code of each verdict; `check` takes that of `benign` when it passed. */
export const verdictExitCodes: Readonly<Record<Verdict, number>> = {
  benign: 0,
  backdoored: 1,
  inconclusive: 3,
};

/** Failed while scanning. */
const failed = 2;
/** The exit code of each outcome of a repair. */
export const repairExitCodes: Readonly<Record<RepairOutcome, number>> = {
  repaired: verdictExitCodes.benign,
  failed,
  unproven: verdictExitCodes.inconclusive,
};
/** The exit code of a comparison: as `diff` and `cmp` have it, and 3 where equal verdicts prove nothing. */
export function diffExitCode({ verdict, comparison }: Pick<ResultDiff, "verdict" | "comparison">): number {
  if (verdict.isChanged) return 1;
  return comparison.kind === "different" ? verdictExitCodes.inconclusive : 0;
}
/** Wrong usage, or input that cannot be scanned. */
export const unusable = 4;

/** Everything else is the fault of what was given: exit code 4. */
const others: Partial<Record<ErrorCode, number>> = {
  E_DIVERGED: failed,
  E_INTERNAL: failed,
  E_RUNTIME: failed,
  E_TIME: failed,
  E_WRITE: failed,
  E_INTERRUPTED: 130,
};

/** The exit code of an error. */
export function exitCodeOf(code: ErrorCode): number {
  return others[code] ?? unusable;
}
