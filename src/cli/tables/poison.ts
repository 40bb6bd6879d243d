/** The settings of `drmguard poison`. */
import { parseSize, parseText } from "../settings.ts";
import { common, flagOnly, model } from "./shared.ts";

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
