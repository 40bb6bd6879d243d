/** Settings that several commands have. */
import { jobDefaults } from "../../jobs/defaults.ts";
import { parseHeldInputs } from "../../models/held-inputs.ts";
import {
  parseBytes,
  parseChoice,
  parseInteger,
  parseList,
  parseNumber,
  parseNumbers,
  parseSize,
  parseSwitch,
  parseText,
} from "../settings.ts";

/** The largest seed. */
export const seedRange = 2 ** 31 - 1;

/** What a setting is that has no place in a config file or a variable. */
export const flagOnly = { isFlagOnly: true } as const;

/** Settings of all commands that do work. */
export const common = {
  quiet: {
    flags: "--quiet",
    help: "no progress on stderr, only warnings and errors",
    parse: parseSwitch,
    isSwitch: true,
  },
  config: {
    flags: "--config <file>",
    help: "settings as a JSON object (default: drmguard.config.json if it is there)",
    parse: parseText,
    isFlagOnly: true,
  },
} as const;

/** The formats of a scan's result. */
export const resultFormats = ["table", "json", "html", "sarif", "markdown"] as const;

/** The form in which a command prints its report. */
export const tableOrJson = {
  flags: "--format <format>",
  help: "table or json, on stdout",
  parse: parseChoice("table", "json"),
  fallback: "table",
  ...flagOnly,
} as const;

/** What a model expects of its input, and how it is run. */
export const model = {
  mean: {
    flags: "--mean <numbers>",
    help: "what the model's training subtracted, after scaling: one number, or one a channel",
    parse: parseNumbers(false),
  },
  std: { flags: "--std <numbers>", help: "what it then divided by", parse: parseNumbers(true) },
  scale: {
    flags: "--scale <number>",
    help: "what white is for the model: 1, or 255 for bytes (default: seen from the model)",
    parse: parseNumber(true),
  },
  layout: {
    flags: "--layout <layout>",
    help: "nchw or nhwc (default: seen from the model)",
    parse: parseChoice("nchw", "nhwc"),
  },
  channels: {
    flags: "--channels <order>",
    help: "rgb, bgr or gray (default: rgb, or gray for one channel)",
    parse: parseChoice("rgb", "bgr", "gray"),
  },
  hold: {
    flags: "--hold <name=numbers>",
    help: "an input beside the image and what it is held at: one number, or one for each element",
    parse: parseHeldInputs,
    isRepeatable: true,
  },
  size: { flags: "--size <HxW>", help: "resize images to this size in pixels", parse: parseSize },
  features: {
    flags: "--features <node>",
    help: "the node or tensor that is F(x), where the last dense layer is not found; none to look at the outputs alone",
    parse: parseText,
  },
  outputs: { flags: "--outputs <names>", help: "outputs to use, for a model with several", parse: parseList },
  seed: {
    flags: "--seed <number>",
    help: "seed of everything random",
    parse: parseInteger(0, seedRange),
    fallback: String(jobDefaults.seed),
  },
  threads: {
    flags: "--threads <number>",
    help: "threads of ONNX Runtime",
    parse: parseInteger(1, 1024),
    fallback: String(jobDefaults.threads),
  },
  provider: {
    flags: "--provider <name>",
    help: "cpu, cuda, webgpu, coreml or dml",
    parse: parseChoice("cpu", "cuda", "webgpu", "coreml", "dml"),
    fallback: jobDefaults.provider,
  },
  memoryLimit: {
    flags: "--memory-limit <amount>",
    help: "kill the job when it takes more, such as 8GB (default: 80 % of what is free)",
    parse: parseBytes,
  },
} as const;
