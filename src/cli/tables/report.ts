/** The settings of `drmguard report`. */
import { parseChoices, parseText } from "../settings.ts";
import { resultFormats } from "./shared.ts";

/** Settings of `drmguard report`. */
export const reportTable = {
  format: {
    flags: "--format <formats>",
    help: `${resultFormats.join(", ")}; may be given several times`,
    parse: parseChoices(...resultFormats),
    isRepeatable: true,
  },
  output: {
    flags: "--output <path>",
    help: "a .json, .html, .sarif or .md file, or a folder",
    parse: parseText,
  },
} as const;
