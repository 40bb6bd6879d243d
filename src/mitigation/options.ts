/** Options of mitigations, with the reasons for their defaults. */

/** How a model is fine-tuned. */
export interface FineTuningOptions {
  readonly steps: number;
  /** Images in a step; half of them are under triggers where there are some. */
  readonly batch: number;
  /** The highest learning rate of Adam. */
  readonly learningRate: number;
  /** The share of all steps over which the rate rises; then it falls to 0 along half a cosine. */
  readonly warmUp: number;
  /** Steps between two looks at the validation images. */
  readonly evaluateEvery: number;
}

/** Defaults of fine-tuning. */
export const fineTuningDefaults: FineTuningOptions = {
  steps: 600,
  batch: 32,
  learningRate: 3e-4,
  warmUp: 0.1,
  evaluateEvery: 25,
};
