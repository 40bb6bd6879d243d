/** The settings of `drmguard check`. */
import { parseChoice, parseDuration } from "../settings.ts";
import { common, model } from "./shared.ts";

/** Settings of `drmguard check`. */
export const checkTable = {
  ...model,
  timeLimit: {
    flags: "--time-limit <time>",
    help: "kill the check after this time",
    parse: parseDuration,
    fallback: "10m",
  },
  format: {
    flags: "--format <formats>",
    help: "table or json",
    parse: parseChoice("table", "json"),
    fallback: "table",
  },
  ...common,
} as const;
