import { expect, test } from "vitest";
import { throttleSteps } from "../../src/loops/throttle.ts";
import type { WorkEvent } from "../../src/loops/work.ts";

/** Steps 1 ms apart through a throttle of 10 ms. */
function saidOf(events: readonly WorkEvent[]): WorkEvent[] {
  const said: WorkEvent[] = [];
  let time = 0;
  const throttled = throttleSteps(
    10,
    (event) => said.push(event),
    () => time,
  );
  for (const event of events) {
    time++;
    throttled(event);
  }
  return said;
}

const step = (number: number, values: Record<string, number>, steps = 25): WorkEvent => ({
  kind: "step",
  phase: "search",
  step: number,
  steps,
  values,
});

test("steps come through now and then, and the last one always", () => {
  const steps = Array.from({ length: 25 }, (_, i) => step(i + 1, { loss: i }));
  expect(saidOf(steps).map((event) => (event as { step: number }).step)).toEqual([1, 11, 21, 25]);
});

test("what is measured seldom comes with the next step that is let through", () => {
  const said = saidOf([step(1, { loss: 1 }), step(2, { loss: 2, error: 7 }), step(25, { loss: 3 })]);
  expect(said.at(-1)).toEqual(step(25, { loss: 3, error: 7 }));
});

test("other events come through at once, and a new phase knows nothing of the last one", () => {
  const phase: WorkEvent = { kind: "phase", phase: "next", steps: 2 };
  const note: WorkEvent = { kind: "note", message: "hello" };
  const said = saidOf([step(1, { a: 1 }), step(2, { b: 2 }), note, phase, step(2, { c: 3 }, 2)]);
  expect(said).toEqual([step(1, { a: 1 }), note, phase, step(2, { c: 3 }, 2)]);
});
