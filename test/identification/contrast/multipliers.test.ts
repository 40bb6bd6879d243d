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
  warmUp: 0.15,
  smoothing: 0.5,
  heldPart: 0,
};
const f = (...values: number[]): Float32Array => Float32Array.from(values);

/** The state after steps with the same errors and sizes. */
function after(steps: number, errors: Float32Array, sizes: Float32Array): MultiplierState {
  let state = newMultipliers(Array.from(errors, () => true));
  for (let step = 0; step < steps; step++) ({ state } = follow(step, state, errors, sizes, options));
  return state;
}

test("in the warm-up sizes weigh next to nothing, and nothing is best", () => {
  expect([0, 1, 2, 3].map((step) => isWarmUp(step, options))).toEqual([true, true, true, false]);
  const state = after(3, f(0.1, 1), f(2, 2));
  expect([...weightsAt(2, state, options)]).toEqual([...f(0.02, 0.02)]);
  // Ten tolerances of 0.25 over the size of 2.
  expect([...weightsAt(3, state, options)]).toEqual([...f(1.25, 1.25)]);
  expect([...state.best]).toEqual([notReached, notReached]);
});

test("a weight rises while its trigger works and falls while it does not, within its bounds", () => {
  const state = after(5, f(0.1, 1), f(2, 2));
  // Errors of 0.1 and 1 with a tolerance of 0.25: 0.6 of the whole rise, and the whole fall.
  expect(state.weight[0]).toBeCloseTo(1.25 * 1.15 ** (2 * 0.6), 5);
  expect(state.weight[1]).toBeCloseTo(1.25 / 1.2 ** 2, 5);
  const last = after(400, f(0.1, 1), f(2, 2));
  expect(last.weight[0]).toBeCloseTo(options.mostWeight * 0.125, 3);
  expect(last.weight[1]).toBeCloseTo(options.leastWeight * 0.125, 6);
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
  const { state } = follow(0, newMultipliers([true]), f(4), f(3), options);
  expect([state.error[0], state.size[0]]).toEqual([4, 3]);
});

test("nothing counts while targets are held that will be let go", () => {
  const held = { ...options, heldPart: 0.5 };
  const state = newMultipliers([true]);
  const at = (step: number) => follow(step, state, new Float32Array([0.01]), new Float32Array([0.2]), held);
  // Half of 20 steps.
  expect(at(9)).toMatchObject({ improved: [false] });
  expect(at(10)).toMatchObject({ improved: [true] });
});

test("without a warm-up a size weighs little at first, and that of a known trigger as much as an error at the tolerance", () => {
  const cold = { ...options, warmUp: 0 };
  const first = (isWarmed: boolean, from: typeof options): MultiplierState =>
    follow(0, newMultipliers([isWarmed]), f(0.1), f(0.5), from).state;
  expect([...weightsAt(0, newMultipliers([true]), cold)]).toEqual([0]);
  expect(first(true, cold).weight[0]).toBeCloseTo(0.1 * (0.25 / 0.5), 6);
  expect(first(false, cold).weight[0]).toBeCloseTo(0.25 / 0.5, 6);
  // It goes through no warm-up, whatever the others do.
  const known = first(false, options);
  expect([...weightsAt(1, known, options)]).toEqual([...known.weight]);
  expect(known.best[0]).toBeCloseTo(0.5, 6);
});
