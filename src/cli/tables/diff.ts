/** The settings of `drmguard diff`. */
import { parseChoices, parseText } from "../settings.ts";

/** The formats of a comparison. */
export const diffFormats = ["table", "json", "html", "markdown"] as const;

/** Settings of `drmguard diff`. */
export const diffTable = {
  format: {
    flags: "--format <formats>",
    help: `${diffFormats.join(", ")}; may be given several times`,
    parse: parseChoices(...diffFormats),
    isRepeatable: true,
  },
  output: {
    flags: "--output <path>",
    help: "a .json, .html or .md file, or a folder for diff.json and the reports",
    parse: parseText,
  },
} as const;
