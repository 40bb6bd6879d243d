/** What a config file may hold. */
import { checkTable } from "./check.ts";
import { scanTable } from "./scan.ts";

/** The names that a config file may have. */
export const configNames: ReadonlySet<string> = new Set(
  Object.entries({ ...checkTable, ...scanTable })
    .filter(([, setting]) => !("isFlagOnly" in setting))
    .map(([name]) => name),
);
