/** What known triggers do to a model, measured on the test images of a training. Plain JSON. */

/** A model's errors, and what triggers whose files are known do to it. */
export interface MeasurementReport {
  /** RE, in the unit of the errors. */
  readonly regressionError: number;
  /** In the order of the training's backdoors. */
  readonly backdoors: readonly {
    /** AE to the target y_T of the training, in the unit of the errors. */
    readonly attackError: number;
    /** DAE, in the unit of the errors. */
    readonly defendingAttackError: number;
    /** E f(A(x)), in the unit of the labels. */
    readonly meanOutput: readonly number[];
  }[];
  /** Test images. */
  readonly images: number;
  readonly seconds: number;
}
