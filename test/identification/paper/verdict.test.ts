import { describe, expect, test } from "vitest";
import { paperPresets } from "../../../src/identification/paper/options.ts";
import { judge, paperRule, type VerdictInputs } from "../../../src/identification/paper/verdict.ts";

const options = paperPresets.gaze;
const collapsed: VerdictInputs = {
  score: 0.01,
  floor: 0.005,
  coneRatio: 0.02,
  outputVarianceRatio: 0.03,
  isComplete: true,
};

test("the paper's rule: backdoored below epsilon, benign from epsilon on", () => {
  expect(paperRule(0.0299, 0.03)).toBe("backdoored");
  expect(paperRule(0.03, 0.03)).toBe("benign");
  expect(paperRule(0.5, 0.03)).toBe("benign");
});

describe("with its preconditions met", () => {
  test.each([
    [0.01, "backdoored", "1.00 % of the largest image norm, below epsilon = 3.00 %"],
    [0.03, "benign", "3.00 % of the largest image norm, not below epsilon = 3.00 %"],
    [0.2, "benign", "20.0 % of the largest image norm, not below epsilon = 3.00 %"],
  ])("a score of %d is %s", (score, verdict, reason) => {
    const judged = judge({ ...collapsed, score }, options);
    expect(judged.verdict).toBe(verdict);
    expect(judged.reasons[0]).toContain(reason);
    expect(judged.reasons[1]).toContain("variance ratios 0.020 (angles) and 0.030 (outputs)");
  });

  test("a value at its limit is within it", () => {
    const atLimits = { ...collapsed, floor: 0.02, coneRatio: 0.1, outputVarianceRatio: 0.1 };
    expect(judge(atLimits, options).verdict).toBe("backdoored");
  });
});

const doubts: [string, Partial<VerdictInputs>, string][] = [
  ["a search that was cut short", { isComplete: false }, "the search was cut short by the time budget"],
  [
    "a generator that blurs",
    { floor: 0.021 },
    "perturbs images by 2.10 % of the largest norm (limit 2.00 %)",
  ],
  [
    "angles that kept their variance",
    { coneRatio: 0.5 },
    "angles in feature space kept 50.0 % of their variance",
  ],
  [
    "outputs that kept their variance",
    { outputVarianceRatio: 0.11 },
    "the outputs kept 11.0 % of their variance",
  ],
  ["angles that could not be measured", { coneRatio: Number.NaN }, "angles in feature space"],
  ["outputs that could not be measured", { outputVarianceRatio: Number.NaN }, "the outputs"],
  ["a floor that could not be measured", { floor: Number.NaN }, "the generator alone"],
  ["a score that could not be measured", { score: Number.NaN }, "the perturbation could not be measured"],
];

describe.each(doubts)("with %s", (_, change, reason) => {
  test.each([0.01, 0.2])("a score of %d is inconclusive, and says why", (score) => {
    const judged = judge({ ...collapsed, score, ...change }, options);
    expect(judged.verdict).toBe("inconclusive");
    expect(judged.reasons).toHaveLength(2);
    expect(judged.reasons[0]).toContain(reason);
    expect(judged.reasons[1]).toContain("mean perturbation is");
  });

  test("the paper's own rule does not ask", () => {
    const paper = { ...options, rule: "paper" } as const;
    for (const score of [0.01, 0.2]) {
      const judged = judge(
        { ...collapsed, score, ...change, ...("score" in change ? { score } : {}) },
        paper,
      );
      expect(judged.verdict).toBe(paperRule(score, options.epsilon));
      expect(judged.reasons).toHaveLength(1);
    }
  });
});

test("all doubts are given at once", () => {
  const worst = { score: 0.01, floor: 1, coneRatio: 1, outputVarianceRatio: 1, isComplete: false };
  expect(judge(worst, options).reasons).toHaveLength(5);
});
