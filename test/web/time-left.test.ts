import { expect, test } from "vitest";
import type { WorkEvent } from "../../src/loops/work.ts";
import { createTimeLeft, durationText } from "../../web/page/time-left.ts";

const step = (phase: string, number: number, steps: number): WorkEvent => ({
  kind: "step",
  phase,
  step: number,
  steps,
  values: {},
});

test("with a plan the time that is left is that of all phases, by what they are beside each other", () => {
  let time = 0;
  const follower = createTimeLeft(
    [
      { phase: "a", work: 100 },
      { phase: "b", work: 300 },
    ],
    () => time,
  );
  expect(follower.follow({ kind: "phase", phase: "a", steps: 50 })).toEqual({ done: null, left: null });
  expect(follower.follow(step("a", 10, 50))).toEqual({ done: 20 / 400, left: null });
  // 40 of 100 in 20 s from the first step on: 2 a second.
  time = 20_000;
  expect(follower.follow(step("a", 30, 50))).toEqual({ done: 60 / 400, left: 340 / 2 });
  // The second phase counts from where the first ends.
  time = 40_000;
  const place = follower.follow(step("b", 1, 3));
  expect(place.done).toBeCloseTo(200 / 400);
  expect(place.left).toBeCloseTo(200 / ((200 - 20) / 40));
});

test("the first seconds make no pace", () => {
  let time = 0;
  const follower = createTimeLeft([{ phase: "a", work: 1 }], () => time);
  follower.follow(step("a", 1, 100));
  time = 2900;
  expect(follower.follow(step("a", 50, 100)).left).toBeNull();
  time = 3000;
  expect(follower.follow(step("a", 51, 100)).left).toBeCloseTo(3 * (49 / 50));
});

test("a phase that was not foreseen is followed by itself", () => {
  let time = 0;
  const follower = createTimeLeft([{ phase: "a", work: 1 }], () => time);
  follower.follow(step("a", 1, 10));
  time = 10_000;
  expect(follower.follow(step("further", 1, 11))).toEqual({ done: 1 / 11, left: null });
  time = 15_000;
  expect(follower.follow(step("further", 6, 11)).left).toBeCloseTo(5);
});

test.each([
  [0.2, "1 s"],
  [59.4, "59 s"],
  [60, "1 min 0 s"],
  [599, "9 min 59 s"],
  [600, "10 min"],
  [3599, "60 min"],
  [7500, "2 h 5 min"],
])("%d seconds are %s", (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});
