/** The settings of `drmguard scan`. */
import { methodNames, presetChoices } from "../../identification/methods.ts";
import { jobDefaults } from "../../jobs/defaults.ts";
import { tasks } from "../../models/task.ts";
import { parseMethodSettings } from "../../workflows/method-settings.ts";
import { parseChoice, parseChoices, parseDuration, parseList, parseSwitch, parseText } from "../settings.ts";
import { common, model, resultFormats } from "./shared.ts";

/** Settings of `drmguard scan`. */
export const scanTable = {
  benign: {
    flags: "--benign <path>",
    help: "folder of clean images (PNG, JPEG, WebP; labels.csv if there is one) or .npz file",
    parse: parseText,
  },
  method: {
    flags: "--method <name>",
    help: `identification method: ${methodNames.join(", ")}`,
    parse: parseChoice(...methodNames),
    fallback: jobDefaults.method,
  },
  preset: {
    flags: "--preset <name>",
    help: "standard or quick: how long contrast searches; gaze, head-pose or generic: constants of the paper's method; auto chooses by the image's size or the outputs",
    parse: parseChoice(...presetChoices),
    fallback: jobDefaults.preset,
  },
  task: {
    flags: "--task <name>",
    help: "what the outputs are: regression, or classification (only --method paper)",
    parse: parseChoice(...tasks),
    fallback: "regression",
  },
  set: {
    flags: "--set <name=value>",
    help: "an option of the method; `drmguard list` names them",
    parse: parseMethodSettings,
    isRepeatable: true,
  },
  reference: {
    flags: "--reference <models...>",
    help: "three or more known-good models of the same kind, whose scores give the threshold",
    parse: parseList,
    isRepeatable: true,
  },
  ...model,
  timeBudget: {
    flags: "--time-budget <time>",
    help: "begin no step after this time, such as 90s, 15m or 2h",
    parse: parseDuration,
  },
  timeLimit: { flags: "--time-limit <time>", help: "kill the job after this time", parse: parseDuration },
  resume: {
    flags: "--resume",
    help: "go on with the interrupted scan of the same configuration",
    parse: parseSwitch,
    isSwitch: true,
  },
  cacheDir: {
    flags: "--cache-dir <folder>",
    help: "where pretrained generators, scores of references and interrupted scans are kept",
    parse: parseText,
    fallback: jobDefaults.cache,
  },
  format: {
    flags: "--format <formats>",
    help: `${resultFormats.join(", ")}; may be given several times`,
    parse: parseChoices(...resultFormats),
    isRepeatable: true,
  },
  output: {
    flags: "--output <path>",
    help: "a .json, .html, .sarif or .md file, or a folder for result.json and the reports",
    parse: parseText,
  },
  ...common,
} as const;
