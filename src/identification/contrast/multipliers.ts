/** The weights lambda of the triggers' sizes over the steps of a search, and what was the smallest trigger that works. */
import type { ContrastOptions } from "./options.ts";

/** What is followed of K triggers; each array is [K]. */
export interface MultiplierState {
  /** 1 for a trigger that goes through the warm-up, 0 for one whose size weighs from the beginning. */
  readonly isWarmed: Float32Array;
  /** lambda_k of the next step after the warm-up. */
  readonly weight: Float32Array;
  /** tau / size_k where the size began to weigh, which lambda_k is measured by; 0 before that. */
  readonly unit: Float32Array;
  /** The smoothed error. */
  readonly error: Float32Array;
  /** The smoothed size. */
  readonly size: Float32Array;
  /** The smallest smoothed size with the smoothed error below the tolerance; {@link notReached} before that. */
  readonly best: Float32Array;
  /** The largest smoothed size seen. */
  readonly largest: Float32Array;
}

/** In the place of a cost that there is not. Not infinity, since saved states must be finite. */
export const notReached = -1;

/** The state before the first step. */
export function newMultipliers(isWarmed: readonly boolean[]): MultiplierState {
  const filled = (value: number): Float32Array => new Float32Array(isWarmed.length).fill(value);
  return {
    isWarmed: Float32Array.from(isWarmed, Number),
    weight: filled(0),
    unit: filled(0),
    error: filled(0),
    size: filled(0),
    best: filled(notReached),
    largest: filled(0),
  };
}

/** Whether a step belongs to the warm-up. */
export function isWarmUp(step: number, { steps, warmUp }: ContrastOptions): boolean {
  return step < warmUp * steps;
}

/** Whether targets that will be let go are still held: no trigger of such a step counts. */
function isHeld(step: number, { steps, heldPart }: ContrastOptions): boolean {
  return step < heldPart * steps;
}

/** The weights that a step is done with, [K]; 0 in a first step without warm-up, which shows the sizes. */
export function weightsAt(
  step: number,
  { weight, isWarmed }: MultiplierState,
  options: ContrastOptions,
): Float32Array {
  if (!isWarmUp(step, options)) return weight;
  return weight.map((value, k) => (isWarmed[k] === 1 ? options.warmUpWeight : value));
}

/**
 * Follows a step: lambda_k rises while the smoothed error is below the tolerance and falls while it is not, so that the size
 * shrinks until the trigger only just works. It moves by rise^(1 - error / tau) or fall^-min(1, error / tau - 1): by a fixed factor it
 * would swing for a hundred steps around where it belongs.
 *
 * Source: the schedule of Wang et al. 2019, "Neural Cleanse", with an error in the place of the attack's success rate.
 *
 * @param step the step that was done, from 0
 * @param errors of that step, [K]
 * @param sizes of that step, [K]
 * @returns the state after it, and which triggers have a new best
 */
export function follow(
  step: number,
  before: MultiplierState,
  errors: Float32Array,
  sizes: Float32Array,
  options: ContrastOptions,
): { readonly state: MultiplierState; readonly improved: readonly boolean[] } {
  const { smoothing, tolerance, rise, fall, leastWeight, mostWeight } = options;
  const { initialWeight, gentleWeight, knownWeight } = options;
  const smooth = (old: Float32Array, now: Float32Array): Float32Array =>
    step === 0 ? now.slice() : old.map((value, k) => smoothing * value + (1 - smoothing) * now[k]!);
  const [error, size] = [smooth(before.error, errors), smooth(before.size, sizes)];
  const largest = before.largest.map((value, k) => Math.max(value, size[k]!));
  const works = Array.from(error, (value) => value < tolerance);
  const stepOf = (value: number): number =>
    value < tolerance ? rise ** (1 - value / tolerance) : fall ** -Math.min(1, value / tolerance - 1);
  const inWarmUp = Array.from(before.isWarmed, (isWarmed) => isWarmed === 1 && isWarmUp(step, options));
  const unit = before.unit.map((known, k) =>
    known > 0 || (inWarmUp[k]! && isWarmUp(step + 1, options))
      ? known
      : tolerance / Math.max(size[k]!, smallestSize),
  );
  const firstWeight = (k: number): number => {
    if (inWarmUp[k]) return initialWeight;
    return before.isWarmed[k] === 1 ? gentleWeight : knownWeight;
  };
  const weight = before.weight.map((value, k) => {
    if (unit[k] === 0) return value;
    if (before.unit[k] === 0) return unit[k]! * firstWeight(k);
    return Math.min(mostWeight * unit[k]!, Math.max(leastWeight * unit[k]!, value * stepOf(error[k]!)));
  });
  const improved = works.map(
    (isWorking, k) =>
      isWorking &&
      !inWarmUp[k]! &&
      !isHeld(step, options) &&
      (before.best[k] === notReached || size[k]! < before.best[k]!),
  );
  const best = before.best.map((value, k) => (improved[k] ? size[k]! : value));
  return { state: { ...before, weight, unit, error, size, best, largest }, improved };
}

/** Below this a size is none, and what it is measured by would be infinite. */
const smallestSize = 1e-9;
