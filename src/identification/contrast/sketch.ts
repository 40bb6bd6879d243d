/** Which of the triggers of a search is drawn while it goes on. */
import type { TriggerSketch } from "../../loops/work.ts";
import { type MultiplierState, notReached } from "./multipliers.ts";

/**
 * The smallest trigger that draws all outputs to its target; before there is one, that which comes nearest.
 *
 * @param family the kind of trigger
 * @param state of K triggers, theta and bestTheta [K n]
 */
export function sketchOf(
  family: string,
  state: Pick<MultiplierState, "best" | "error"> & {
    readonly theta: Float32Array;
    readonly bestTheta: Float32Array;
  },
): TriggerSketch {
  const reached = [...state.best.keys()].filter((k) => state.best[k] !== notReached);
  const isReached = reached.length > 0;
  const [candidates, order, theta] = isReached
    ? [reached, state.best, state.bestTheta]
    : [[...state.error.keys()], state.error, state.theta];
  const first = candidates.reduce((low, k) => (order[k]! < order[low]! ? k : low));
  const n = theta.length / state.best.length;
  return { family, theta: theta.slice(first * n, (first + 1) * n) };
}
