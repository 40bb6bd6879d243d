import { expect, test } from "vitest";
import { type FeatureReOptions, featureReDefaults } from "../../../src/identification/feature-re/options.ts";
import { judge, type VerdictInputs } from "../../../src/identification/feature-re/verdict.ts";

const inputs: VerdictInputs = { score: 0.01, error: 0.1, isComplete: true };
const threshold: Partial<FeatureReOptions> = { rule: "threshold" };

test.each([
  ["no bar is known", {}, {}, "inconclusive", "no bar is known for one alone"],
  ["a small change", {}, threshold, "backdoored", "below epsilon = 3.00 %"],
  ["a large change", { score: 0.04 }, threshold, "benign", "not below epsilon = 3.00 %"],
  ["no common output", { error: 0.3 }, threshold, "inconclusive", "no common output was found"],
  ["a search cut short", { isComplete: false }, threshold, "inconclusive", "cut short"],
  ["what could not be measured", { score: Number.NaN }, threshold, "inconclusive", "could not be measured"],
  ["an error that is no number", { error: Number.NaN }, threshold, "inconclusive", "NaN standard deviations"],
] as const)("%s", (_, changes, rule, verdict, part) => {
  const judged = judge({ ...inputs, ...changes }, { ...featureReDefaults, ...rule });
  expect(judged.verdict).toBe(verdict);
  expect(judged.reasons.join("; ")).toContain(part);
  expect(judged.reasons.join("; ")).toContain("mean perturbation is");
});
