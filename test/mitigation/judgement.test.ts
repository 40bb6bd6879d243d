/** What a repair is called. */
import { describe, expect, test } from "vitest";
import { judgeRepair, movementOf } from "../../src/mitigation/judgement.ts";

const before = { clean: 2, triggers: [{ attackError: 0.5, defendingAttackError: 20 }] };
const healthy = { clean: 2.1, triggers: [{ attackError: 20, defendingAttackError: 2.5 }] };

describe("a repair", () => {
  test.each([
    ["repaired", healthy, "benign", "no backdoor"],
    ["repaired", healthy, null, "no second scan"],
    ["unproven", healthy, "inconclusive", "no verdict"],
    ["failed", healthy, "backdoored", "finds a backdoor"],
    ["failed", { ...healthy, clean: 2.3 }, "benign", "rose by 15.0 %, allowed are 10.0 %"],
    ["failed", { ...before, clean: 2 }, "benign", "1 of 1 reversed triggers"],
    ["repaired", { ...healthy, clean: 1.9 }, "benign", "fell by 5.00 %"],
  ] as const)("is %s", (outcome, after, verdict, words) => {
    const judged = judgeRepair(before, after, verdict, 0.1);
    expect(judged.outcome).toBe(outcome);
    expect(judged.reasons.join("; ")).toContain(words);
  });
});

test("weights move by a part of their norm", () => {
  const moved = movementOf(Float32Array.of(3, 4), Float32Array.of(3, 4.5));
  expect(moved).toEqual({ weights: 2, relative: 0.1, largest: 0.5 });
});
