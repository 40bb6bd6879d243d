/** How lambda moves over the passes, and what was the smallest mask that works. */
import type { NeuralCleanseOptions } from "./options.ts";

/** What is followed of K starts; each array is [K]. */
export interface ScheduleState {
  /** lambda of the next step. */
  readonly cost: Float32Array;
  /** The sum of errors of the pass so far. */
  readonly passError: Float32Array;
  /** Passes in a row with success, since lambda last changed. */
  readonly successes: Float32Array;
  /** Passes in a row without. */
  readonly failures: Float32Array;
  /** 1 once lambda has been multiplied by its factor. */
  readonly rose: Float32Array;
  /** 1 once a lambda above 0 has been divided. */
  readonly fell: Float32Array;
  /** |m| of the smallest mask that works, as a part of the image; {@link notReached} before that. */
  readonly best: Float32Array;
}

/** In the place of a size that there is not. Not infinity, since saved states must be finite. */
export const notReached = -1;
/** lambda stays below this: on a model that no mask changes it would rise without end. */
const largestCost = 1e6;

/** The state before the first step: lambda is 0. */
export function newSchedule(count: number): ScheduleState {
  const filled = (value: number): Float32Array => new Float32Array(count).fill(value);
  return {
    cost: filled(0),
    passError: filled(0),
    successes: filled(0),
    failures: filled(0),
    rose: filled(0),
    fell: filled(0),
    best: filled(notReached),
  };
}

/**
 * Follows a step. At the end of a pass a start has succeeded if its mean error is at most tau; then its mask may be the smallest so
 * far. lambda is 0 until the first `patience` successes in a row, then `initialCost`; from there it is multiplied by `rise` after as
 * many successes and divided by `fall` after as many failures.
 *
 * Source: Wang et al. 2019, "Neural Cleanse", with an error in the place of the attack's success rate.
 *
 * @param step the step that was done, from 0
 * @param errors of that step, [K]
 * @param sizes of its masks, [K]
 * @returns the state after it, and which starts have a new smallest mask: the one that the step was done with
 */
export function follow(
  step: number,
  before: ScheduleState,
  errors: Float32Array,
  sizes: Float32Array,
  options: NeuralCleanseOptions,
): { readonly state: ScheduleState; readonly improved: readonly boolean[] } {
  const { passSteps, tolerance, patience, initialCost, rise, fall } = options;
  const total = before.passError.map((value, k) => value + errors[k]!);
  if ((step + 1) % passSteps !== 0) {
    return { state: { ...before, passError: total }, improved: Array.from(total, () => false) };
  }
  const works = Array.from(total, (value) => value / passSteps <= tolerance);
  const improved = works.map(
    (isWorking, k) => isWorking && (before.best[k] === notReached || sizes[k]! < before.best[k]!),
  );
  const successes = before.successes.map((count, k) => (works[k] ? count + 1 : 0));
  const failures = before.failures.map((count, k) => (works[k] ? 0 : count + 1));
  const cost = before.cost.map((value, k) => {
    if (successes[k]! >= patience) return value === 0 ? initialCost : Math.min(largestCost, value * rise);
    return failures[k]! >= patience ? value / fall : value;
  });
  const since = (flag: Float32Array, counts: Float32Array): Float32Array =>
    flag.map((value, k) => (before.cost[k]! > 0 && counts[k]! >= patience ? 1 : value));
  const untilPatience = (count: number): number => (count >= patience ? 0 : count);
  return {
    state: {
      cost,
      passError: new Float32Array(total.length),
      successes: successes.map(untilPatience),
      failures: failures.map(untilPatience),
      rose: since(before.rose, successes),
      fell: since(before.fell, failures),
      best: before.best.map((value, k) => (improved[k] ? sizes[k]! : value)),
    },
    improved,
  };
}

/**
 * Whether a mask has shrunk until it only just works: lambda has gone both ways. The publication asks this before it stops early; before
 * that the size says where the search stands, and nothing of the model.
 *
 * @param k which start
 */
export function isSettled({ rose, fell, best }: ScheduleState, k: number): boolean {
  return best[k] !== notReached && rose[k] === 1 && fell[k] === 1;
}
