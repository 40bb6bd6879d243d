/** What is kept of the triggers of a search from step to step. */
import type { TensorData } from "../../onnx/tensor-data.ts";
import { follow, type MultiplierState, newMultipliers, notReached } from "./multipliers.ts";
import type { ContrastOptions } from "./options.ts";
import { type OutputScale, toDeviations } from "./scale.ts";
import type { PricedTarget } from "./score.ts";

/** A trigger that is wanted. */
export interface WantedTrigger {
  /** In deviations from the mean, [d]. */
  readonly target: readonly number[];
  /** Parameters to begin with, [n]. */
  readonly initial: Float32Array;
  /** 1 for the parameters that may change and 0 for those that stay, [n]; all may where it is left out. */
  readonly only?: Float32Array;
  /** Whether the trigger's own mean output takes the target's place, once it is no longer held, and slides to where it is cheap. */
  readonly isFree: boolean;
  /** Whether it may come near to a home while it slides; it is kept away where this is left out. */
  readonly isNear?: boolean;
  /**
   * Whether it already looks like an attacker's, and is to stay where it is: its size weighs from the beginning. In a warm-up Adam
   * moves every number as far, and it would spread over the whole image.
   */
  readonly isKnown?: boolean;
  /** Whether its mean output is kept over the steps as the estimate of the attacker's target; one of a search at most. */
  readonly isFollowed?: boolean;
}

/** A trigger that was searched: what was wanted, and what that cost. */
export interface SearchedTrigger extends PricedTarget {
  /** The parameters at the cost, or the last ones where there is none, [n]. */
  readonly theta: Float32Array;
  /** The mean output of those in a batch, in deviations from the mean, [d]. */
  readonly output: readonly number[];
  /** Whether its target was let go. */
  readonly isFree: boolean;
  /** Whether it might come near to a home. */
  readonly isNear: boolean;
}

/** What is kept of K triggers between steps. */
export interface SearchState extends MultiplierState {
  /** theta and Adam's means, [K n] each. */
  readonly theta: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
  /** theta at the best size, or the last one before there is any, [K n]. */
  readonly bestTheta: Float32Array;
  /** The mean outputs of that, [K d]. */
  readonly bestOutput: Float32Array;
}

/**
 * The state before the first step.
 *
 * @param n parameters of a trigger
 * @param d outputs
 */
export function newState(wanted: readonly WantedTrigger[], n: number, d: number): SearchState {
  const k = wanted.length;
  const theta = new Float32Array(k * n);
  wanted.forEach(({ initial }, i) => {
    theta.set(initial, i * n);
  });
  const empty = (): Float32Array => new Float32Array(k * n);
  return {
    ...newMultipliers(wanted.map(({ isKnown }) => isKnown !== true)),
    theta,
    m: empty(),
    v: empty(),
    bestTheta: theta.slice(),
    bestOutput: new Float32Array(k * d),
  };
}

/**
 * The state after a step, and what is told of it.
 *
 * @param step that was done, from 0
 * @param results of the program: error and size [K], output [K d], theta and Adam's means [K n]
 * @param leader the trigger whose mean output is told; -1 for none
 */
export function stepOf(
  step: number,
  state: SearchState,
  results: Readonly<Record<string, TensorData>>,
  options: ContrastOptions,
  leader: number,
): { state: SearchState; values: Record<string, number> } {
  const array = (name: string): Float32Array => results[name]!.data as Float32Array;
  const [error, size, output] = [array("error"), array("size"), array("output")];
  const followed = follow(step, state, error, size, options);
  // Until a trigger works, the last one stands for it. The error and size of a step are those of theta before it.
  const isNew = followed.improved.map((improved, i) => improved || followed.state.best[i] === notReached);
  const k = isNew.length;
  return {
    state: {
      ...followed.state,
      theta: array("theta"),
      m: array("m"),
      v: array("v"),
      bestTheta: rowsWhere(isNew, state.theta, state.bestTheta, state.theta.length / k),
      bestOutput: rowsWhere(isNew, output, state.bestOutput, output.length / k),
    },
    values: {
      error: mean(followed.state.error),
      size: mean(followed.state.size),
      reached: followed.state.best.filter((best) => best !== notReached).length,
      ...(leader < 0 ? {} : estimateOf(output, leader, k)),
    },
  };
}

function estimateOf(output: Float32Array, k: number, count: number): Record<string, number> {
  const d = output.length / count;
  return Object.fromEntries(
    Array.from(output.subarray(k * d, (k + 1) * d), (value, j) => [`target ${j}`, value]),
  );
}

function rowsWhere(
  condition: readonly boolean[],
  yes: Float32Array,
  no: Float32Array,
  length: number,
): Float32Array {
  if (!condition.includes(true)) return no;
  const rows = no.slice();
  condition.forEach((isYes, i) => {
    if (isYes) rows.set(yes.subarray(i * length, (i + 1) * length), i * length);
  });
  return rows;
}

/**
 * What a search has come to.
 *
 * @param wanted what it was searched for
 * @param i which of the K triggers
 * @param n parameters of a trigger
 */
export function searchedTrigger(
  { target, isFree, isNear = false }: WantedTrigger,
  state: SearchState,
  i: number,
  n: number,
  scale: OutputScale,
): SearchedTrigger {
  const d = scale.std.length;
  return {
    ...pricedTarget(target, state, i),
    isFree,
    isNear,
    theta: state.bestTheta.slice(i * n, (i + 1) * n),
    output: toDeviations(state.bestOutput.subarray(i * d, (i + 1) * d), scale),
  };
}

/** The same without what the trigger looks like. */
export function pricedTarget(
  target: readonly number[],
  { best, largest, error }: MultiplierState,
  i: number,
): PricedTarget {
  const cost = best[i]!;
  return { target, cost: cost === notReached ? null : cost, largest: largest[i]!, error: error[i]! };
}

function mean(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
