/** Options of FeatureRE for regression, with its constants. */
import { assertChoices, assertNumbers } from "../option-rules.ts";

/**
 * Options of FeatureRE (Wang et al. 2022) as Eq. 9 of the paper adapts it. The paper gives no values for it: each default is the
 * publication's, the paper's for its own method, or a reading that is given with it. Errors are in standard deviations of each clean
 * output, perturbations in parts of the largest clean image's L1 norm.
 */
export interface FeatureReOptions {
  /**
   * lambda_3 of Eq. 9: the weight of the perturbation. Reading: 3 % of the largest norm, the paper's bar for its own method, weigh as
   * much as an error of 0.3 deviations.
   */
  readonly lambda3: number;
  /** tau_1: the most that masked features may spread, as a part of what they spread on clean images. */
  readonly spreadLimit: number;
  /** tau_2: the most that the mask may sum to, as a part of the number of features; the publication's 3 %. */
  readonly maskLimit: number;
  /** The weight of spread beyond tau_1: the publication's. */
  readonly spreadWeight: number;
  /** The weight of each feature of the mask beyond tau_2: the publication's. */
  readonly maskWeight: number;
  /** Adam's learning rate for G, the publication's. */
  readonly learningRate: number;
  /** Adam's learning rate for the mask M, where m = tanh(M) / 2 + 0.5; the publication's. */
  readonly maskLearningRate: number;
  /** Adam's learning rate for y_t, in standard deviations a step. */
  readonly targetLearningRate: number;
  /** Adam's decay of the mean of gradients, the publication's. */
  readonly beta1: number;
  /** Adam's decay of the mean of squared gradients, the publication's. */
  readonly beta2: number;
  /** Steps of the search: the paper's for its own method. */
  readonly steps: number;
  /** Images in a batch: the paper's for its own method. */
  readonly batch: number;
  /** Steps of identity pretraining of G, as in the paper's method, whose pretrained generators are used here too. */
  readonly pretrainingSteps: number;
  /** As in the paper's method. */
  readonly pretrainingLearningRate: number;
  /** Channels of the first level of G. Reading: G of the paper in the place of the publication's U-Net, "the same generator". */
  readonly generatorChannels: number;
  /** The weight of the past in running batch statistics, as in the paper's method. */
  readonly statisticsMomentum: number;
  /** Percentile of the clean images' L1 norms that perturbations are compared with; 100 is the largest. */
  readonly normPercentile: number;
  /**
   * "rank" gives no verdict: the paper ranks models by the perturbation, and no bar is known. "threshold" compares it with `epsilon`, for
   * those who measured models that they know.
   */
  readonly rule: "rank" | "threshold";
  /** The bar of the perturbation; the paper's for its own method. */
  readonly epsilon: number;
  /** The mean error of mixed features' outputs over all clean images above which no common output was found. */
  readonly errorLimit: number;
}

/** The options that a caller who names none gets. */
export const featureReDefaults: FeatureReOptions = {
  lambda3: 10,
  spreadLimit: 0.1,
  maskLimit: 0.03,
  spreadWeight: 10,
  maskWeight: 1,
  learningRate: 0.001,
  maskLearningRate: 0.1,
  targetLearningRate: 0.01,
  beta1: 0.5,
  beta2: 0.9,
  steps: 2000,
  batch: 50,
  pretrainingSteps: 5000,
  pretrainingLearningRate: 0.0015,
  generatorChannels: 32,
  statisticsMomentum: 0.99,
  normPercentile: 100,
  rule: "rank",
  epsilon: 0.03,
  errorLimit: 0.25,
};

/** The words that an option takes, for those that are no numbers. */
export const featureReChoices = { rule: ["rank", "threshold"] } as const satisfies {
  readonly [K in keyof FeatureReOptions]?: readonly FeatureReOptions[K][];
};

/**
 * Throws E_USAGE for an option out of its range.
 *
 * @param options all of them
 */
export function assertFeatureReOptions(options: FeatureReOptions): void {
  const rate = { least: 1e-9 };
  const decay = { least: 0, most: 0.9999 };
  const { rule, ...numbers } = options;
  assertNumbers(numbers, {
    lambda3: { least: 0 },
    spreadLimit: { least: 0 },
    maskLimit: { least: 0, most: 1 },
    spreadWeight: { least: 0 },
    maskWeight: { least: 0 },
    learningRate: rate,
    maskLearningRate: rate,
    targetLearningRate: { least: 0 },
    beta1: decay,
    beta2: decay,
    steps: { isWhole: true, least: 0 },
    batch: { isWhole: true, least: 2 },
    pretrainingSteps: { isWhole: true, least: 0 },
    pretrainingLearningRate: rate,
    generatorChannels: { isWhole: true, least: 1 },
    statisticsMomentum: { least: 0, most: 1 },
    normPercentile: { least: 0, most: 100 },
    epsilon: { least: 1e-9 },
    errorLimit: { least: 0 },
  });
  assertChoices({ rule }, featureReChoices);
}
