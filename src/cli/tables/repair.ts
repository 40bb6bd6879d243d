/** The settings of `drmguard repair`. */
import { methodNames } from "../../identification/methods.ts";
import { jobDefaults } from "../../jobs/defaults.ts";
import { mitigationNames } from "../../mitigation/methods.ts";
import { parseMethodSettings } from "../../workflows/method-settings.ts";
import { repairDefaults } from "../../workflows/repair-options.ts";
import { repairFormats } from "../draw-repair.ts";
import {
  parseChoice,
  parseChoices,
  parseDuration,
  parsePercent,
  parseSwitch,
  parseText,
} from "../settings.ts";
import { common, flagOnly, model } from "./shared.ts";

/** Settings of `drmguard repair`. */
export const repairTable = {
  benign: {
    flags: "--benign <path>",
    help: "folder of clean images with a labels.csv, or .npz file with labels",
    parse: parseText,
    ...flagOnly,
  },
  output: {
    flags: "--output <file>",
    help: "the ONNX file to write; its report stands beside it as .json. A repair that failed is called .failed.onnx",
    parse: parseText,
    ...flagOnly,
  },
  from: {
    flags: "--from <result>",
    help: "the result.json of a scan of this model (default: it is scanned now)",
    parse: parseText,
    ...flagOnly,
  },
  method: {
    flags: "--method <name>",
    help: mitigationNames.join(", "),
    parse: parseChoice(...mitigationNames),
    fallback: repairDefaults.method,
    ...flagOnly,
  },
  set: {
    flags: "--set <name=value>",
    help: "an option of the method; `drmguard list` names them",
    parse: parseMethodSettings,
    isRepeatable: true,
    ...flagOnly,
  },
  scanMethod: {
    flags: "--scan-method <name>",
    help: `identification method of the scan: ${methodNames.join(", ")}`,
    parse: parseChoice(...methodNames),
    fallback: jobDefaults.method,
    ...flagOnly,
  },
  scanSet: {
    flags: "--scan-set <name=value>",
    help: "an option of the identification method",
    parse: parseMethodSettings,
    isRepeatable: true,
    ...flagOnly,
  },
  skipRescan: {
    flags: "--skip-rescan",
    help: "do not scan the repaired model; the reversed triggers alone judge it",
    parse: parseSwitch,
    isSwitch: true,
    ...flagOnly,
  },
  maxDegradation: {
    flags: "--max-degradation <percent>",
    help: "the most that the error on clean images may rise",
    parse: parsePercent,
    fallback: `${100 * repairDefaults.maxDegradation}%`,
    ...flagOnly,
  },
  ...model,
  timeBudget: {
    flags: "--time-budget <time>",
    help: "begin no step after this time, such as 90s, 15m or 2h",
    parse: parseDuration,
    ...flagOnly,
  },
  timeLimit: {
    flags: "--time-limit <time>",
    help: "kill the job after this time",
    parse: parseDuration,
    ...flagOnly,
  },
  resume: {
    flags: "--resume",
    help: "go on with the interrupted repair of the same configuration",
    parse: parseSwitch,
    isSwitch: true,
    ...flagOnly,
  },
  cacheDir: {
    flags: "--cache-dir <folder>",
    help: "where interrupted repairs are kept",
    parse: parseText,
    fallback: jobDefaults.cache,
  },
  format: {
    flags: "--format <formats>",
    help: "table or json, on stdout; html or markdown, beside the model; may be given several times",
    parse: parseChoices(...repairFormats),
    isRepeatable: true,
    ...flagOnly,
  },
  ...common,
} as const;
