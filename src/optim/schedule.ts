/** Learning rates that change at given steps. */

/** A rate that is multiplied with a factor at every milestone. */
export interface StepSchedule {
  /** The learning rate of step 0. */
  readonly rate: number;
  /** Steps from which on the rate is another, in any order; each multiplies it with `factor`. */
  readonly milestones: readonly number[];
  readonly factor: number;
}

/** A rate that rises from 0 over the first steps and then falls to 0 along half a cosine (Loshchilov and Hutter 2017), or stays. */
export interface WarmUpSchedule {
  /** The highest learning rate. */
  readonly rate: number;
  /** The share of all steps over which it rises. */
  readonly warmUp: number;
  /** Whether it stays at its highest, in place of falling. */
  readonly stays?: boolean;
}

/** How a learning rate changes. */
export type Schedule = StepSchedule | WarmUpSchedule;

/**
 * The learning rate of a step.
 *
 * @param step from 0
 * @param steps of the whole training; it matters to warm-ups and cosines alone
 */
export function rateAt(schedule: Schedule, step: number, steps: number): number {
  if ("warmUp" in schedule) {
    const { rate, warmUp, stays = false } = schedule;
    const done = (step + 1) / steps;
    if (done < warmUp) return (rate * done) / warmUp;
    if (stays) return rate;
    return (rate * (1 + Math.cos((Math.PI * (step / steps - warmUp)) / (1 - warmUp)))) / 2;
  }
  const { rate, milestones, factor } = schedule;
  return rate * factor ** milestones.filter((milestone) => step >= milestone).length;
}

/** A schedule for a training of any length. */
export interface RelativeSchedule extends Omit<StepSchedule, "milestones"> {
  /** Shares of the training's steps. */
  readonly milestones: readonly number[];
}

/** The schedule of a training of some length. */
export function scheduleOver({ rate, milestones, factor }: RelativeSchedule, steps: number): StepSchedule {
  return { rate, milestones: milestones.map((share) => Math.round(share * steps)), factor };
}
