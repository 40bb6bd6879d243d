/** The settings of `drmguard train`. */
import { adaptiveDefaults } from "../../attacks/adaptive.ts";
import { jobDefaults } from "../../jobs/defaults.ts";
import { architectures, networkDefaults } from "../../models/networks/network.ts";
import { stems } from "../../models/networks/stem.ts";
import { lossKinds } from "../../training/losses.ts";
import { trainingRecipes } from "../../training/options.ts";
import { attackNames, parseAttackSettings, parseTargets } from "../attack-settings.ts";
import {
  parseChoice,
  parseChoices,
  parseDuration,
  parseInteger,
  parseList,
  parseNumber,
  parseSize,
  parseSwitch,
  parseText,
} from "../settings.ts";
import { dataSet } from "./data-set.ts";
import { common, flagOnly, model, tableOrJson } from "./shared.ts";

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
    help: "target vector of each attack, in the labels' unit or with deg, such as 20deg,-10deg; of a classifier a class",
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
  initial: {
    flags: "--initial <folder>",
    help: "the folder of a finished training of the same network, whose weights to begin with (default: drawn from the seed)",
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
    help: "auto, small, medium, large or fine: how much the first layers shrink the image",
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
  loss: {
    flags: "--loss <name>",
    help: "l1 or l2; cross-entropy trains a classifier, whose labels are one column of class indices",
    parse: parseChoice(...lossKinds),
    ...flagOnly,
  },
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
  mirror: {
    flags: "--mirror <names>",
    help: "train on mirror images too; the labels whose sign a mirror turns, such as yaw,roll, or none",
    parse: parseList,
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
  format: tableOrJson,
  ...common,
} as const;
