import { expect, test } from "vitest";
import {
  follow,
  isWarmUp,
  type MultiplierState,
  newMultipliers,
  notReached,
  weightsAt,
} from "../../../src/identification/contrast/multipliers.ts";
import { contrastDefaults } from "../../../src/identification/contrast/options.ts";

const options = {
  ...contrastDefaults,
  steps: 20,
  smoothing: 0.5,
  heldPart: 0,
};
const f = (...values: number[]): Float32Array => Float32Array.from(values);

/** The state after steps with the same errors and sizes. */
function after(steps: number, errors: Float32Array, sizes: Float32Array): MultiplierState {
  let state = newMultipliers(errors.length, options);
  for (let step = 0; step < steps; step++) ({ state } = follow(step, state, errors, sizes, options));
  return state;
}

test("in the warm-up sizes weigh next to nothing, and nothing is best", () => {
  expect([0, 1, 2, 3].map((step) => isWarmUp(step, options))).toEqual([true, true, true, false]);
  const state = after(3, f(0.1, 1), f(2, 2));
  expect([...weightsAt(2, state, options)]).toEqual([...f(0.02, 0.02)]);
  expect([...weightsAt(3, state, options)]).toEqual([...f(0.3, 0.3)]);
  expect([...state.best]).toEqual([notReached, notReached]);
});

test("a weight rises while its trigger works and falls while it does not, within its bounds", () => {
  const state = after(5, f(0.1, 1), f(2, 2));
  // Errors of 0.1 and 1 with a tolerance of 0.25: 0.6 of the whole rise, and the whole fall.
  expect(state.weight[0]).toBeCloseTo(0.3 * 1.15 ** (2 * 0.6), 5);
  expect(state.weight[1]).toBeCloseTo(0.3 / 1.2 ** 2, 5);
  const last = after(400, f(0.1, 1), f(2, 2));
  expect(last.weight[0]).toBeCloseTo(options.mostWeight, 3);
  expect(last.weight[1]).toBeCloseTo(options.leastWeight, 6);
});

test("the best is the smallest smoothed size with the smoothed error below the tolerance", () => {
  let state = after(4, f(0.1), f(1));
  expect(state.best[0]).toBe(1);
  // Half of the way to 0.2.
  let step = follow(4, state, f(0.1), f(0.2), options);
  expect(step.improved).toEqual([true]);
  expect(step.state.best[0]).toBeCloseTo(0.6, 6);
  // The error is smoothed too: (0.1 + 0.5) / 2 is above 0.25, so the smaller size does not count.
  state = step.state;
  step = follow(5, state, f(0.5), f(0.2), options);
  expect(step.improved).toEqual([false]);
  expect(step.state.best[0]).toBeCloseTo(0.6, 6);
  expect(step.state.largest[0]).toBe(1);
});

test("the first step is taken as it is", () => {
  const { state } = follow(0, newMultipliers(1, options), f(4), f(3), options);
  expect([state.error[0], state.size[0]]).toEqual([4, 3]);
});

test("nothing counts while targets are held that will be let go", () => {
  const held = { ...options, heldPart: 0.5 };
  const state = newMultipliers(1, held);
  const at = (step: number) => follow(step, state, new Float32Array([0.01]), new Float32Array([0.2]), held);
  // Half of 20 steps.
  expect(at(9)).toMatchObject({ improved: [false] });
  expect(at(10)).toMatchObject({ improved: [true] });
});
