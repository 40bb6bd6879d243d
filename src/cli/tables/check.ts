/** The settings of `drmguard check`. */
import { tasks } from "../../models/task.ts";
import { parseChoice, parseDuration } from "../settings.ts";
import { common, model } from "./shared.ts";

/** Settings of `drmguard check`. */
export const checkTable = {
  ...model,
  task: {
    flags: "--task <name>",
    help: "what the outputs are: regression or classification",
    parse: parseChoice(...tasks),
    fallback: "regression",
  },
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
