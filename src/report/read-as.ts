/** Reading back what the project wrote as JSON, by its schema. */
import { z } from "zod";
import { DrmGuardError } from "../errors.ts";

/** What is expected. */
export interface Expected<T> {
  /** For messages, with its article. */
  readonly what: string;
  readonly schema: z.ZodType<T>;
  /** What is written today; files of the same major version are read. */
  readonly version: string;
}

/** Problems that an error names: the first tell what kind of file it is, and a wrong one has dozens. */
const mostProblems = 5;

/**
 * Checks that a value is what is expected.
 *
 * Throws E_RESULT that names the first fields that do not fit, or the schema version when that is another one.
 *
 * @param value what was parsed from JSON
 */
export function readAs<T>(value: unknown, { what, schema, version }: Expected<T>): T {
  const found = (value as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (typeof found === "string" && found.split(".")[0] !== version.split(".")[0]) {
    throw new DrmGuardError("E_RESULT", `found ${what} of schema version ${found}, expected ${version}`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ message, path }) =>
    path.length === 0 ? message : `${message} at ${z.core.toDotPath(path)}`,
  );
  const left = problems.length - mostProblems;
  const named = problems.slice(0, mostProblems).join("; ");
  throw new DrmGuardError(
    "E_RESULT",
    `found something else than ${what}: ${named}${left > 0 ? `; and ${left} more` : ""}`,
  );
}
