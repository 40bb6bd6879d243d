/** Options of the paper's method, with its constants. */
import { DrmGuardError } from "../../errors.ts";

/** Options of the paper's method. Each default is the paper's, or a reading that is given with it. */
export interface PaperOptions {
  /** lambda_1 of Eq. 5 at the reference size: the weight of the outputs' variance. */
  readonly lambda1: number;
  /** lambda_2 of Eq. 5 at the reference size: the weight of the angles' variance ratio r_f; 0 leaves it out. */
  readonly lambda2: number;
  /**
   * Number of pixel values for which the lambdas are meant. The L1 norm grows with the image and the other terms do
   * not, so both lambdas are multiplied by (pixel values) / (this).
   */
  readonly referenceValues: number;
  /** Adam's learning rate in the search. */
  readonly learningRate: number;
  /** Steps of the search. */
  readonly steps: number;
  /** Images in a batch. */
  readonly batch: number;
  /** Steps of identity pretraining of G. */
  readonly pretrainingSteps: number;
  /** Reading: "the same Adam" (A.4) is taken to hold for pretraining too, at the rate of the gaze task. */
  readonly pretrainingLearningRate: number;
  /** epsilon of the verdict: the part of the largest image norm below which a perturbation is small. */
  readonly epsilon: number;
  /** Reading: sum over pixels and channels; or the sum over pixels of the mean over channels, as Keras' mae does. */
  readonly l1Reduction: "sum" | "channel-mean";
  /**
   * Reading: df/dx of a vector is the gradient of the sum of its components, as the authors' framework has it;
   * "per-output" sums the absolute gradient of each; "none" is the ablation without T.
   */
  readonly attention: "summed" | "per-output" | "none";
  /** Reading: Var(angle(F(x), w)) over the batch, as Eq. 5 prints; "set" takes it over all clean images. */
  readonly cleanAngleVariance: "batch" | "set";
  /** "relative" divides each Var(f_j(x')) by the clean one, which makes lambda_1 free of units. */
  readonly outputVariance: "absolute" | "relative";
  /** The unit of the outputs; "auto" takes degrees when a clean output lies beyond 2 pi. */
  readonly unit: "auto" | "radians" | "degrees" | "other";
  /** The unit in which lambda_1 is meant. */
  readonly lambdaUnit: "radians" | "degrees" | "other";
  /** Percentile of the clean images' L1 norms that stands for ||x_hat||_1; the paper has the largest, 100. */
  readonly normPercentile: number;
  /** Channels of the first level of G. */
  readonly generatorChannels: number;
  /** Reading: the weight of the past in running batch statistics, 0.99 as the authors' framework has it. */
  readonly statisticsMomentum: number;
  /**
   * Deviation: outputs count as collapsed below this ratio of variances, of angles and of outputs. The paper does
   * not ask; it measures angle ratios below 0.1 on every backdoored model (Table 1).
   */
  readonly collapseLimit: number;
  /** Deviation: above this reconstruction floor, in units of the score, epsilon says nothing and no verdict is given. */
  readonly floorLimit: number;
  /** "paper" gives the paper's two-way verdict whatever collapsed; "checked" may say inconclusive. */
  readonly rule: "checked" | "paper";
}

const common = {
  steps: 2000,
  pretrainingSteps: 5000,
  pretrainingLearningRate: 0.0015,
  epsilon: 0.03,
  l1Reduction: "sum",
  attention: "summed",
  cleanAngleVariance: "batch",
  unit: "auto",
  normPercentile: 100,
  generatorChannels: 32,
  statisticsMomentum: 0.99,
  collapseLimit: 0.1,
  floorLimit: 0.02,
  rule: "checked",
} as const;

/**
 * The paper's constants for its two tasks (Section 4.1 and A.4), and a preset for all others.
 *
 * Reading: gaze is in radians at 224 px, head pose in degrees at 112 px. "generic" measures the outputs' variance
 * against the clean one; its lambda_1 is the gaze value times the variance of gaze labels (0.027 rad^2).
 */
export const paperPresets: Readonly<Record<"gaze" | "head-pose" | "generic", PaperOptions>> = {
  gaze: {
    ...common,
    lambda1: 20,
    lambda2: 800,
    referenceValues: 224 * 224 * 3,
    learningRate: 0.0015,
    batch: 50,
    outputVariance: "absolute",
    lambdaUnit: "radians",
  },
  "head-pose": {
    ...common,
    lambda1: 10,
    lambda2: 100,
    referenceValues: 112 * 112 * 3,
    learningRate: 0.0001,
    batch: 100,
    outputVariance: "absolute",
    lambdaUnit: "degrees",
  },
  generic: {
    ...common,
    lambda1: 0.54,
    lambda2: 800,
    referenceValues: 224 * 224 * 3,
    learningRate: 0.0015,
    batch: 50,
    outputVariance: "relative",
    lambdaUnit: "other",
  },
};

/** The words that an option takes, for those that are no numbers. */
export const paperChoices = {
  l1Reduction: ["sum", "channel-mean"],
  attention: ["summed", "per-output", "none"],
  cleanAngleVariance: ["batch", "set"],
  outputVariance: ["absolute", "relative"],
  unit: ["auto", "radians", "degrees", "other"],
  lambdaUnit: ["radians", "degrees", "other"],
  rule: ["checked", "paper"],
} as const satisfies { readonly [K in keyof PaperOptions]?: readonly PaperOptions[K][] };

/** The options that a caller who names none gets for a model of two outputs. */
export const paperDefaults: PaperOptions = paperPresets.gaze;

/** The preset for a model with d outputs: gaze has 2, head pose 3. */
export function presetFor(dimension: number): keyof typeof paperPresets {
  return dimension === 2 ? "gaze" : dimension === 3 ? "head-pose" : "generic";
}

/**
 * Throws E_USAGE when options make no sense together.
 *
 * @param options all of them
 */
export function assertPaperOptions(options: PaperOptions): void {
  const positive = [
    "lambda1",
    "referenceValues",
    "learningRate",
    "pretrainingLearningRate",
    "batch",
    "epsilon",
    "generatorChannels",
  ] as const;
  for (const name of positive) {
    if (!(options[name] > 0))
      throw new DrmGuardError("E_USAGE", `found ${name} = ${options[name]}, expected a positive number`);
  }
  if (!(options.lambda2 >= 0))
    throw new DrmGuardError("E_USAGE", `found lambda2 = ${options.lambda2}, expected a number of at least 0`);
  const whole = ["steps", "pretrainingSteps", "batch", "generatorChannels"] as const;
  for (const name of whole) {
    if (!Number.isInteger(options[name]) || options[name] < 0) {
      throw new DrmGuardError("E_USAGE", `found ${name} = ${options[name]}, expected a whole number`);
    }
  }
  const limits = [
    ["normPercentile", 100],
    ["statisticsMomentum", 1],
  ] as const;
  for (const [name, most] of limits) {
    if (!(options[name] >= 0 && options[name] <= most)) {
      throw new DrmGuardError(
        "E_USAGE",
        `found ${name} = ${options[name]}, expected a number from 0 to ${most}`,
      );
    }
  }
  for (const [name, choices] of Object.entries(paperChoices)) {
    const found = options[name as keyof typeof paperChoices];
    if (!(choices as readonly string[]).includes(found)) {
      throw new DrmGuardError("E_USAGE", `found ${name} = ${found}, expected one of ${choices.join(", ")}`);
    }
  }
  if (options.batch < 2)
    throw new DrmGuardError("E_USAGE", "found batch = 1, expected at least 2: a variance needs two images");
}
