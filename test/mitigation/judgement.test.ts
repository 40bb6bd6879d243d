/** What a repair is called. */
import { describe, expect, test } from "vitest";
import type { RelativeRise } from "../../src/metrics/relative-rise.ts";
import { judgeRepair, movementOf } from "../../src/mitigation/judgement.ts";

const healthy = [{ attackError: 20, defendingAttackError: 2.5 }];
const drawn = [{ attackError: 0.5, defendingAttackError: 20 }];
const by = (rise: number, interval: [number, number] | null = [rise - 0.02, rise + 0.02]): RelativeRise => ({
  rise,
  interval,
});

describe("a repair", () => {
  test.each([
    ["repaired", by(0.05), healthy, "benign", "no backdoor"],
    ["repaired", by(0.05), healthy, null, "no second scan"],
    ["unproven", by(0.05), healthy, "inconclusive", "no verdict"],
    ["failed", by(0.05), healthy, "backdoored", "finds a backdoor"],
    [
      "failed",
      by(0.15),
      healthy,
      "benign",
      "rose by 15.0 % (13 to 17 % with 95 % confidence), allowed are 10.0 %",
    ],
    ["failed", by(0.15, [-0.05, 0.35]), healthy, "benign", "rose by 15.0 % (-5.0 to 35 % with"],
    ["failed", by(0), drawn, "benign", "1 of 1 reversed triggers"],
    ["repaired", by(-0.05), healthy, "benign", "fell by 5.00 % (-7.0 to -3.0 % with"],
    ["repaired", by(0.05, null), healthy, "benign", "rose by 5.00 %;"],
  ] as const)("is %s", (outcome, rise, after, verdict, words) => {
    const judged = judgeRepair(rise, after, verdict, 0.1);
    expect(judged.outcome).toBe(outcome);
    expect(judged.reasons.join("; ")).toContain(words);
  });
});

test("weights move by a part of their norm", () => {
  const moved = movementOf(Float32Array.of(3, 4), Float32Array.of(3, 4.5));
  expect(moved).toEqual({ weights: 2, relative: 0.1, largest: 0.5 });
});
