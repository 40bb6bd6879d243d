/** Options of Neural Cleanse for regression, with its constants. */
import { assertNumbers } from "../option-rules.ts";

/**
 * Options of Neural Cleanse (Wang et al. 2019) as Eq. 8 of the paper adapts it. Each default is the publication's, or a reading
 * or deviation that is given with it. Sizes of masks are parts of the image, errors are in standard deviations of each clean output.
 */
export interface NeuralCleanseOptions {
  /**
   * Reading: Eq. 8 is searched from this many places of y_t at once. The paper gives no start; from one alone, the median of the
   * outputs, it ends with no mask.
   */
  readonly freeStarts: number;
  /**
   * Deviation: masks for this many further targets that stand still are searched beside them, in the place of the publication's classes,
   * of which it has 10 or more. Free targets all slide to the attacker's, which then is no outlier among them.
   */
  readonly heldTargets: number;
  /** How far the places reach from the mean along each output, in standard deviations: 9 of 10 labels lie inside. */
  readonly reach: number;
  /**
   * Steps, of one batch each. Deviation: the publication has up to 1,000 passes over 1,000 images and stops when nothing changes; here
   * all starts go through as many steps, since one that was stopped early would have the larger mask. lambda
   * of models of 64 px leaves 0 after about 300 steps, and masks still shrink after 600.
   */
  readonly steps: number;
  /** Images in a step; Deviation: 32 in the publication. All starts are searched in one program and see the same ones. */
  readonly batch: number;
  /** Batches over which an error is averaged before the schedule sees it: 1,000 images are 31 batches there. */
  readonly passSteps: number;
  /** The publication's 0.1 for tanh(M) / 2 + 0.5, which is sigmoid(2 M): twice that for what the sigmoid takes. */
  readonly learningRate: number;
  /** Adam's decay of the mean of gradients, the publication's. */
  readonly beta1: number;
  /** Adam's decay of the mean of squared gradients, the publication's. */
  readonly beta2: number;
  /** Adam's rate for y_t, in standard deviations a step. Slow beside the mask's: a target that moves first moves to the median. */
  readonly targetLearningRate: number;
  /**
   * tau. Reading: "the attack succeeds" is a mean error of at most this, a fifth of the clean spread: without such a bar, and with y_t
   * free, the empty mask is as good as any.
   */
  readonly tolerance: number;
  /** Passes in a row with, or without, success after which lambda changes. */
  readonly patience: number;
  /** lambda once the first masks work; it is 0 before. The publication's 1e-3 for each pixel, at 32 x 32 px. */
  readonly initialCost: number;
  /** lambda's factor after successes: 2 in the publication's scripts. */
  readonly rise: number;
  /** lambda's divisor after failures: the publication's 2^1.5. */
  readonly fall: number;
  /** The anomaly index above which the smallest mask is an outlier, the publication's. */
  readonly anomalyLimit: number;
  /** Deviation: with fewer masks of held targets that shrank as far as they can there is no verdict; a median of few is no norm. */
  readonly leastReached: number;
  /** Deviation: the mean error over all clean images above which a mask that was found on batches does not count. */
  readonly wholeTolerance: number;
}

/** The options that a caller who names none gets. */
export const neuralCleanseDefaults: NeuralCleanseOptions = {
  freeStarts: 6,
  heldTargets: 10,
  reach: 1.7,
  steps: 1000,
  batch: 8,
  passSteps: 4,
  learningRate: 0.2,
  beta1: 0.5,
  beta2: 0.9,
  targetLearningRate: 0.01,
  tolerance: 0.2,
  patience: 5,
  initialCost: 1,
  rise: 2,
  fall: 2 ** 1.5,
  anomalyLimit: 2,
  leastReached: 5,
  wholeTolerance: 0.5,
};

/**
 * Throws E_USAGE for an option out of its range.
 *
 * @param options all of them
 */
export function assertNeuralCleanseOptions(options: NeuralCleanseOptions): void {
  assertNumbers(options, {
    freeStarts: { isWhole: true, least: 0, most: 64 },
    heldTargets: { isWhole: true, least: 3, most: 256 },
    reach: { least: 0, most: 10 },
    steps: { isWhole: true, least: 0 },
    batch: { isWhole: true, least: 2 },
    passSteps: { isWhole: true, least: 1 },
    learningRate: { least: 1e-6 },
    beta1: { least: 0, most: 0.9999 },
    beta2: { least: 0, most: 0.9999 },
    targetLearningRate: { least: 0 },
    tolerance: { least: 1e-6 },
    patience: { isWhole: true, least: 1 },
    initialCost: { least: 1e-9 },
    rise: { least: 1 },
    fall: { least: 1 },
    anomalyLimit: { least: 0 },
    leastReached: { isWhole: true, least: 3, most: 256 },
    wholeTolerance: { least: 1e-6 },
  });
}
