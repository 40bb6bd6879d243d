/** The settings of `drmguard report`. */
import { parseChoices, parseText } from "../settings.ts";

/** Settings of `drmguard report`. */
export const reportTable = {
  format: {
    flags: "--format <formats>",
    help: "table, json, html; may be given several times",
    parse: parseChoices("table", "json", "html"),
    isRepeatable: true,
  },
  output: { flags: "--output <path>", help: "a .json or .html file, or a folder", parse: parseText },
} as const;
