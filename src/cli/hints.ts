/** What a user can do about an error of a command. */
import { DrmGuardError } from "../errors.ts";

/**
 * An error with the hint for its code; as it is where there is none.
 *
 * @param hints by code
 */
export function withHint(error: unknown, hints: Partial<Record<DrmGuardError["code"], string>>): unknown {
  if (!(error instanceof DrmGuardError)) return error;
  const hint = hints[error.code];
  return hint === undefined ? error : new DrmGuardError(error.code, error.message, { cause: error, hint });
}

/** The hint for an interrupted command that resumes when it is asked to. */
export const resumeHint = "the same command with --resume goes on from there";
