import { expect, test } from "vitest";
import { contrastDefaults } from "../../../src/identification/contrast/options.ts";
import { type JudgedFinding, judge, lowestOf } from "../../../src/identification/contrast/verdict.ts";

const options = { ...contrastDefaults, threshold: 0.5 };
const finding = (low: number, score: number, high: number, family = "patch"): JudgedFinding => ({
  family,
  score,
  low,
  high,
  controls: [{ cost: 1 }, { cost: 2 }],
});
const clear = finding(0.1, 0.12, 0.2);
const usual = finding(0.7, 0.8, 1.1, "warp");
const unsure = finding(0.4, 0.48, 0.6);

test.each([
  ["one clear dip", { findings: [usual, clear] }, "backdoored", "below 0.5"],
  ["no dip", { findings: [usual] }, "benign", "not below 0.5"],
  ["a dip that may be none", { findings: [usual, unsure] }, "inconclusive", "0.40 to 0.60"],
  ["a dip that is clear beside one that is not", { findings: [unsure, clear] }, "backdoored", "below 0.5"],
  ["no end", { findings: [usual], isComplete: false }, "inconclusive", "time budget"],
  ["a clear dip and no end", { findings: [clear], isComplete: false }, "backdoored", "below 0.5"],
  ["nothing found", { findings: [], wholeError: null }, "inconclusive", "nothing was found"],
  ["a trigger that works on a batch only", { findings: [clear], wholeError: 0.9 }, "inconclusive", "0.900"],
  [
    "a trigger that could not be measured",
    { findings: [clear], wholeError: Number.NaN },
    "inconclusive",
    "NaN",
  ],
  [
    "a family without a dip",
    { findings: [], noDips: [{ family: "patch", ratio: 0.93 }] },
    "benign",
    "costs 0.93",
  ],
  ["a family that reaches nothing", { findings: [usual], emptyFamilies: ["additive"] }, "benign", "additive"],
] as const)("%s", (_, changes, verdict, part) => {
  const inputs = { noDips: [], emptyFamilies: [], isComplete: true, wholeError: 0.2, ...changes };
  const judged = judge(inputs, options);
  expect(judged.verdict).toBe(verdict);
  expect(judged.reasons.join("; ")).toContain(part);
});

test("a reason says when controls were not reached", () => {
  const reasonsOf = (costs: (number | null)[]): string => {
    const controls = costs.map((cost) => ({ cost }));
    const inputs = {
      findings: [{ ...clear, controls }],
      noDips: [],
      emptyFamilies: [],
      isComplete: true,
      wholeError: 0.1,
    };
    return judge(inputs, options).reasons.join();
  };
  expect(reasonsOf([1, null, 2])).toContain("2 of 3 were reached");
  expect(reasonsOf([null, null])).toContain("none of which the largest triggers reached");
});

test("the lowest score is found, and none among none", () => {
  expect(lowestOf([usual, clear, unsure])).toBe(clear);
  expect(lowestOf([])).toBeNull();
});
