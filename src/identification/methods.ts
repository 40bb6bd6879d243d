/** All identification methods by name, with their options. A method itself is loaded when it is used, so that options can be read without it. */
import { DrmGuardError } from "../errors.ts";
import type { Task } from "../models/task.ts";
import {
  assertContrastOptions,
  type ContrastOptions,
  contrastChoices,
  contrastDefaults,
  contrastPresetFor,
  contrastPresets,
} from "./contrast/options.ts";
import {
  assertFeatureReOptions,
  type FeatureReOptions,
  featureReChoices,
  featureReDefaults,
} from "./feature-re/options.ts";
import type { Identification, IdentificationSetup } from "./identification.ts";
import {
  assertNeuralCleanseOptions,
  type NeuralCleanseOptions,
  neuralCleanseDefaults,
} from "./neural-cleanse/options.ts";
import { classificationOptions } from "./paper/classification-options.ts";
import {
  assertPaperOptions,
  type PaperOptions,
  paperChoices,
  paperDefaults,
  paperPresets,
  presetFor,
} from "./paper/options.ts";

/** The name of an identification method. */
export type MethodName = "paper" | "contrast" | "neural-cleanse" | "feature-re";

/** The presets of the paper's method and of contrast; `auto` chooses by what is scanned. */
export const presetChoices = ["auto", "standard", "quick", "gaze", "head-pose", "generic"] as const;

/** One of them. */
export type PresetChoice = (typeof presetChoices)[number];

/**
 * The preset that a result names. A classifier's is its task, and older results of contrast name none: auto.
 *
 * @param preset as the result has it
 */
export function presetOfResult(preset: string | null): PresetChoice {
  return presetChoices.find((each) => each === preset) ?? "auto";
}

/** What a preset is chosen by. */
export interface Subject {
  /** d, the number of outputs. */
  readonly dimension: number;
  /** H W, the pixels of an image. */
  readonly pixels: number;
}

/** What differs from a method's defaults. */
export type MethodChanges =
  | Partial<PaperOptions>
  | Partial<ContrastOptions>
  | Partial<NeuralCleanseOptions>
  | Partial<FeatureReOptions>;

/** Options of several methods, by their names. */
export type ChangesByMethod = { readonly [M in MethodName]?: MethodChanges };

/** The options of a method. */
export interface MethodOptions {
  readonly defaults: object;
  /** The words that options take which are no numbers. */
  readonly choices: Readonly<Record<string, readonly string[]>>;
}

/** The options of each method. */
export const methodOptions = {
  paper: { defaults: paperDefaults, choices: paperChoices },
  contrast: { defaults: contrastDefaults, choices: contrastChoices },
  "neural-cleanse": { defaults: neuralCleanseDefaults, choices: {} },
  "feature-re": { defaults: featureReDefaults, choices: featureReChoices },
} as const satisfies Readonly<Record<MethodName, MethodOptions>>;

/** The names of all methods. */
export const methodNames = Object.keys(methodOptions) as MethodName[];

/** A method with all of its options. */
export interface PreparedMethod {
  /** The preset that its options come from; null for a method that has none. */
  readonly preset: string | null;
  readonly options: Readonly<Record<string, unknown>>;
  /** Throws what the method throws. */
  identify(setup: IdentificationSetup): Promise<Identification>;
}

/**
 * Puts a method together with its options.
 *
 * Throws E_USAGE for options out of their range, for a preset of a method or task that has none, and for a task that the method does not know.
 *
 * @param preset of the paper's method or of contrast; the others have none
 * @param changes what differs from the preset or the defaults
 * @param task what the outputs are
 */
export function prepareMethod(
  name: MethodName,
  preset: PresetChoice,
  { dimension, pixels }: Subject,
  changes: MethodChanges,
  task: Task = "regression",
): PreparedMethod {
  assertTask(name, task);
  if (task === "classification") return prepareClassification(preset, changes as Partial<PaperOptions>);
  switch (name) {
    case "contrast": {
      const chosen = presetOf(name, contrastPresets, preset) ?? contrastPresetFor(pixels);
      const options = { ...contrastPresets[chosen], ...(changes as Partial<ContrastOptions>) };
      return prepared(
        chosen,
        options,
        assertContrastOptions,
        async () => (await import("./contrast/identify.ts")).identifyByContrast,
      );
    }
    case "neural-cleanse":
      presetOf(name, {}, preset);
      return prepared(
        null,
        { ...neuralCleanseDefaults, ...(changes as Partial<NeuralCleanseOptions>) },
        assertNeuralCleanseOptions,
        async () => (await import("./neural-cleanse/identify.ts")).identifyByNeuralCleanse,
      );
    case "feature-re":
      presetOf(name, {}, preset);
      return prepared(
        null,
        { ...featureReDefaults, ...(changes as Partial<FeatureReOptions>) },
        assertFeatureReOptions,
        async () => (await import("./feature-re/identify.ts")).identifyByFeatureRe,
      );
    case "paper": {
      const chosen = presetOf(name, paperPresets, preset) ?? presetFor(dimension);
      const options = { ...paperPresets[chosen], ...(changes as Partial<PaperOptions>) };
      return prepared(chosen, options, assertPaperOptions, loadPaper);
    }
  }
}

/** Throws E_USAGE for a task that a method does not know. */
export function assertTask(name: MethodName, task: Task): void {
  if (task === "regression" || name === "paper") return;
  throw new DrmGuardError(
    "E_USAGE",
    `found task ${task} for the method ${name}, expected regression: of the methods only paper searches classifiers`,
    { hint: "--method paper" },
  );
}

/**
 * The preset that was asked for; null for auto. Throws E_USAGE for one that the method does not have.
 *
 * @param presets the method's own
 */
function presetOf<P extends object>(name: MethodName, presets: P, preset: PresetChoice): keyof P | null {
  if (preset === "auto") return null;
  const known = Object.keys(presets) as (keyof P)[];
  const found = known.find((each) => each === preset);
  if (found !== undefined) return found;
  throw new DrmGuardError(
    "E_USAGE",
    known.length === 0
      ? `found preset ${preset}, expected none: the method ${name} has no presets`
      : `found preset ${preset} for the method ${name}, expected auto, ${known.join(", ")}`,
  );
}

const loadPaper = async (): Promise<typeof import("./paper/identify.ts").identifyByPaper> =>
  (await import("./paper/identify.ts")).identifyByPaper;

function prepareClassification(preset: PresetChoice, changes: Partial<PaperOptions>): PreparedMethod {
  if (preset !== "auto") {
    throw new DrmGuardError(
      "E_USAGE",
      `found preset ${preset}, expected none: the task classification has options of its own`,
    );
  }
  const options = { ...classificationOptions, ...changes };
  return prepared("classification", options, assertPaperOptions, loadPaper);
}

/**
 * The option that is a method's threshold: what a score is compared with to tell backdoored from benign.
 *
 * Throws E_USAGE when no option is: Neural Cleanse takes a threshold from the model's own masks, and FeatureRE gives no verdict by
 * one unless it is told to.
 *
 * @param options all of the method's options
 */
export function thresholdOption(
  name: MethodName,
  options: Readonly<Record<string, unknown>>,
): "threshold" | "epsilon" {
  const refused = (found: string, hint: string): DrmGuardError =>
    new DrmGuardError("E_USAGE", `found ${found}, expected a method that decides by a threshold`, { hint });
  switch (name) {
    case "contrast":
      return "threshold";
    case "paper":
      return "epsilon";
    case "feature-re":
      if (options.rule === "threshold") return "epsilon";
      throw refused(
        `the method feature-re with rule=${options.rule}, which gives no verdict`,
        "--set rule=threshold lets it decide by one",
      );
    case "neural-cleanse":
      throw refused(
        "the method neural-cleanse, which decides by how far the smallest of a model's masks lies from its other masks",
        "--method contrast, paper and feature-re (with --set rule=threshold) take --reference",
      );
  }
}

/**
 * What other options are by default where the threshold is calibrated. References of one output have sides that are cheap by nature too, so their
 * scores already tell of it.
 */
export function calibratedDefaults(name: MethodName): Readonly<Record<string, number>> {
  return name === "contrast" ? { oneOutputPower: 1 } : {};
}

function prepared<O extends object>(
  preset: string | null,
  options: O,
  assertOptions: (options: O) => void,
  load: () => Promise<(setup: IdentificationSetup, options: O) => Promise<Identification>>,
): PreparedMethod {
  assertOptions(options);
  return {
    preset,
    options: Object.fromEntries(Object.entries(options)),
    identify: async (setup) => (await load())(setup, options),
  };
}
