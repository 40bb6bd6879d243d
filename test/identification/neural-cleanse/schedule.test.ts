import { expect, test } from "vitest";
import {
  type NeuralCleanseOptions,
  neuralCleanseDefaults,
} from "../../../src/identification/neural-cleanse/options.ts";
import {
  follow,
  isSettled,
  newSchedule,
  notReached,
  type ScheduleState,
} from "../../../src/identification/neural-cleanse/schedule.ts";

const options: NeuralCleanseOptions = {
  ...neuralCleanseDefaults,
  passSteps: 1,
  patience: 2,
  tolerance: 0.5,
  initialCost: 3,
  rise: 2,
  fall: 4,
};

/** lambda of one start after each of some steps with these errors. */
function costsAfter(errors: readonly number[], changes: Partial<NeuralCleanseOptions> = {}): number[] {
  let state = newSchedule(1);
  return errors.map((error, step) => {
    ({ state } = follow(step, state, Float32Array.of(error), Float32Array.of(0.5), {
      ...options,
      ...changes,
    }));
    return state.cost[0]!;
  });
}

test("lambda is 0 until a mask works, rises after successes in a row and falls after failures in a row", () => {
  const [good, bad] = [0.4, 0.6];
  expect(costsAfter([bad, bad, bad, good, good, good, good])).toEqual([0, 0, 0, 0, 3, 3, 6]);
  expect(costsAfter([good, good, bad, bad, bad, bad])).toEqual([0, 3, 3, 0.75, 0.75, 0.1875]);
  expect(costsAfter([good, good, good, bad, good, bad])).toEqual([0, 3, 3, 3, 3, 3]);
});

test("a mask has settled once lambda has gone both ways", () => {
  const settledAfter = (errors: readonly number[]): boolean => {
    let state = newSchedule(1);
    errors.forEach((error, step) => {
      ({ state } = follow(step, state, Float32Array.of(error), Float32Array.of(0.5), options));
    });
    return isSettled(state, 0);
  };
  const [good, bad] = [0.4, 0.6];
  // The first lambda is no rise, and one of 0 cannot fall.
  expect(settledAfter([bad, bad, good, good, bad, bad])).toBe(false);
  expect(settledAfter([bad, bad, good, good, good, good])).toBe(false);
  expect(settledAfter([good, good, good, good, bad, bad])).toBe(true);
  expect(settledAfter([good, good, bad, bad, good, good])).toBe(true);
});

test("the error of a pass is the mean over its batches", () => {
  const two = { passSteps: 2, patience: 1 };
  expect(costsAfter([0.8, 0.1], two)).toEqual([0, 3]);
  expect(costsAfter([0.8, 0.3], two)).toEqual([0, 0]);
  // The second pass begins anew.
  expect(costsAfter([0.9, 0.9, 0.1, 0.1], two)).toEqual([0, 0, 0, 3]);
});

test("the smallest mask that works is kept", () => {
  let state: ScheduleState = newSchedule(2);
  const seen: (readonly boolean[])[] = [];
  const steps = [
    { errors: [0.6, 0.4], sizes: [0.1, 0.3] },
    { errors: [0.4, 0.4], sizes: [0.2, 0.4] },
    { errors: [0.4, 0.6], sizes: [0.15, 0.1] },
  ];
  steps.forEach(({ errors, sizes }, step) => {
    const after = follow(step, state, Float32Array.from(errors), Float32Array.from(sizes), options);
    state = after.state;
    seen.push(after.improved);
  });
  expect(seen).toEqual([
    [false, true],
    [true, false],
    [true, false],
  ]);
  expect([...state.best].map((best) => Number(best.toFixed(6)))).toEqual([0.15, 0.3]);
  expect([...newSchedule(1).best]).toEqual([notReached]);
});

test("lambda stays finite on a model that no mask changes", () => {
  expect(costsAfter(new Array(400).fill(0)).at(-1)).toBe(1e6);
});
