/** Learning rates that change at given steps. */

/** A rate that is multiplied with a factor at every milestone. */
export interface Schedule {
  /** The learning rate of step 0. */
  readonly rate: number;
  /** Steps from which on the rate is another, in any order; each multiplies it with `factor`. */
  readonly milestones: readonly number[];
  readonly factor: number;
}

/**
 * The learning rate of a step.
 *
 * @param step from 0
 */
export function rateAt({ rate, milestones, factor }: Schedule, step: number): number {
  return rate * factor ** milestones.filter((milestone) => step >= milestone).length;
}

/** A schedule for a training of any length. */
export interface RelativeSchedule extends Omit<Schedule, "milestones"> {
  /** Shares of the training's steps. */
  readonly milestones: readonly number[];
}

/** The schedule of a training of some length. */
export function scheduleOver({ rate, milestones, factor }: RelativeSchedule, steps: number): Schedule {
  return { rate, milestones: milestones.map((share) => Math.round(share * steps)), factor };
}
