import { expect, test } from "vitest";
import { type LoopOptions, runLoop } from "../../src/loops/loop.ts";
import { errorOf } from "../support/errors.ts";
import { setupOf } from "../support/identification.ts";

/** A state that depends on every step before it, in float32 as real ones do. */
function counter(changes: Partial<LoopOptions<Float32Array>> = {}): LoopOptions<Float32Array> {
  return {
    phase: "counting",
    steps: 50,
    key: "counter",
    initial: Float32Array.of(1, 0),
    deadline: null,
    toSaved: (state) => ({ state }),
    fromSaved: (arrays) => arrays.state!,
    async step(state, step) {
      const next = Float32Array.of(state[0]! * 1.01 + Math.sin(step), state[1]! + 1);
      return { state: next, values: { value: next[0]! } };
    },
    ...changes,
  };
}

/** Stops after some questions. */
function stopAfter(count: number): () => boolean {
  let asked = 0;
  return () => asked++ >= count;
}

test("a loop that was interrupted twice ends with the very bits of one that ran straight through", async () => {
  const straight = await runLoop(setupOf(), counter());
  const setup = setupOf();
  for (const steps of [17, 9]) {
    const error = await errorOf(() => runLoop({ ...setup, shouldStop: stopAfter(steps) }, counter()));
    expect(error.code).toBe("E_INTERRUPTED");
  }
  const resumed = await runLoop(setup, counter());
  expect(resumed).toEqual(straight);
  expect([...resumed.state]).toEqual([straight.state[0], 50]);
  expect(setup.events).toContainEqual({ kind: "note", message: "counting resumed at step 26 of 50" });
});

test("an interrupt says where it was and saves the state", async () => {
  const setup = setupOf({ shouldStop: stopAfter(3) });
  const error = await errorOf(() => runLoop(setup, counter()));
  expect(error.message).toBe("interrupted in counting at step 3 of 50; the state is saved");
  const saved = (await setup.checkpoints.load("counter"))!;
  expect(saved.arrays.state![1]).toBe(3);
  expect(saved.json).toMatchObject({ step: 3 });
});

test("no step is begun after the deadline", async () => {
  const past = await runLoop(setupOf(), counter({ deadline: Date.now() / 1000 - 1 }));
  expect(past).toMatchObject({ steps: 0, history: [] });
  const future = await runLoop(setupOf(), counter({ deadline: Date.now() / 1000 + 1000 }));
  expect(future.steps).toBe(50);
});

test("a loop that others follow keeps its end, and does nothing when it is asked again", async () => {
  const setup = setupOf();
  const first = await runLoop(setup, counter({ keepsEnd: true }));
  const step = () => {
    throw new Error("a step was done");
  };
  expect(await runLoop(setup, counter({ keepsEnd: true, step }))).toEqual(first);
  const other = setupOf();
  await runLoop(other, counter());
  expect(await other.checkpoints.load("counter")).toBeNull();
});

test("what is settled ends before its last step, and is settled when it is asked again", async () => {
  const setup = setupOf();
  const options = counter({ keepsEnd: true, isSettled: (state, step) => step >= 20 && state[1]! >= 30 });
  const first = await runLoop(setup, options);
  expect(first).toMatchObject({ steps: 30, isSettled: true });
  expect(first.history.at(-1)!.step).toBe(29);
  expect(await runLoop(setup, options)).toEqual(first);
  expect(await runLoop(setupOf(), counter())).toMatchObject({ steps: 50, isSettled: false });
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])(
  "a value of %s ends the loop and names its step",
  async (value) => {
    const options = counter();
    const broken = counter({
      step: async (state, step) =>
        step === 12 ? { state, values: { fine: 1, loss: value, l1: value } } : options.step(state, step),
    });
    expect(await errorOf(() => runLoop(setupOf(), broken))).toMatchObject({
      code: "E_DIVERGED",
      message: `counting diverged at step 12: loss = ${value}, l1 = ${value}; the state of step 12 is saved`,
    });
  },
);

/** A counter whose state is broken from a step on, though its values are not yet. */
function breaking(from: number, valueBreaksAt: number): LoopOptions<Float32Array> {
  return counter({
    step: async (_, step) => ({
      state: Float32Array.of(step >= from ? Number.NaN : 1, step + 1),
      values: { loss: step >= valueBreaksAt ? Number.NaN : 1 },
    }),
  });
}

test("a state that is broken is not saved in place of a good one", async () => {
  const setup = setupOf();
  // What was saved before is of step 7.
  await errorOf(() => runLoop({ ...setup, shouldStop: stopAfter(7) }, breaking(10, 12)));
  const error = await errorOf(() => runLoop(setup, breaking(10, 12)));
  expect(error).toMatchObject({
    code: "E_DIVERGED",
    message: "counting diverged at step 12: loss = NaN; the state of step 7 is saved",
  });
  const saved = (await setup.checkpoints.load("counter"))!;
  expect([...saved.arrays.state!]).toEqual([1, 7]);
  const fresh = await errorOf(() => runLoop(setupOf(), breaking(10, 12)));
  expect(fresh.message).toBe("counting diverged at step 12: loss = NaN; no state is saved");
});

test("a state that is broken by the last step is no result", async () => {
  const setup = setupOf();
  const error = await errorOf(() => runLoop(setup, breaking(49, 50)));
  expect(error).toMatchObject({
    code: "E_DIVERGED",
    message: "counting diverged at step 49: the state is not finite; the state of step 49 is saved",
  });
  expect([...(await setup.checkpoints.load("counter"))!.arrays.state!]).toEqual([1, 49]);
});

test.each([
  [5, 5],
  [100, 100],
  [250, 126],
  [2000, 101],
])("of %i steps %i points are kept, the first and the last among them", async (steps, points) => {
  const { history } = await runLoop(setupOf(), counter({ steps }));
  expect(history).toHaveLength(points);
  expect(history[0]!.step).toBe(0);
  expect(history.at(-1)!.step).toBe(steps - 1);
});

test("every step goes out as an event", async () => {
  const setup = setupOf();
  await runLoop(setup, counter({ steps: 3 }));
  expect(setup.events.map((event) => event.kind)).toEqual(["phase", "step", "step", "step"]);
  expect(setup.events.at(-1)).toMatchObject({ phase: "counting", step: 3, steps: 3 });
});

test("what a search has is offered after each step, and put together only when it is asked for", async () => {
  let made = 0;
  const seen: number[] = [];
  const sketch = (state: Float32Array) => {
    made++;
    return { family: "patch", theta: state };
  };
  const onSketch = (offered: () => ReturnType<typeof sketch>): void => {
    seen.push(seen.length);
    if (seen.length === 20) expect(offered().theta[1]).toBe(20);
  };
  await runLoop({ ...setupOf(), onSketch }, counter({ sketch }));
  expect(seen.length).toBe(50);
  expect(made).toBe(1);
});
