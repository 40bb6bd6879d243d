import { expect, test } from "vitest";
import { createAwakeClock } from "../../src/jobs/awake-clock.ts";

/** What the clock says after each of some pauses, in milliseconds. */
function readings(pauses: readonly number[]): number[] {
  let time = 1_700_000_000_000;
  const clock = createAwakeClock(() => time);
  return pauses.map((pause) => {
    time += pause;
    return clock();
  });
}

test("time goes on between looks", () => {
  expect(readings([0, 100, 100, 1900])).toEqual([0, 100, 200, 2100]);
});

test("an hour in which nobody looked was spent stopped or asleep, and counts as seconds", () => {
  expect(readings([100, 3_600_000, 100])).toEqual([100, 5100, 5200]);
});

test("a clock that is set back takes nothing away", () => {
  expect(readings([100, -3_600_000, 100])).toEqual([100, 100, 200]);
});
