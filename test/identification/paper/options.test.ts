import { expect, test } from "vitest";
import {
  assertPaperOptions,
  type PaperOptions,
  paperChoices,
  paperPresets,
  presetFor,
} from "../../../src/identification/paper/options.ts";
import { errorOf } from "../../support/errors.ts";

test.each([
  [1, "generic"],
  [2, "gaze"],
  [3, "head-pose"],
  [10, "generic"],
])("a model of %i outputs has the preset %s", (dimension, preset) => {
  expect(presetFor(dimension)).toBe(preset);
});

test("the constants are the paper's", () => {
  // Section 4.1 and A.4: lambda_1, lambda_2, learning rate, batch, steps, epsilon.
  const constants = ({
    lambda1,
    lambda2,
    learningRate,
    batch,
    steps,
    pretrainingSteps,
    epsilon,
  }: PaperOptions) => [lambda1, lambda2, learningRate, batch, steps, pretrainingSteps, epsilon];
  expect(constants(paperPresets.gaze)).toEqual([20, 800, 0.0015, 50, 2000, 5000, 0.03]);
  expect(constants(paperPresets["head-pose"])).toEqual([10, 100, 0.0001, 100, 2000, 5000, 0.03]);
});

test("every preset and every choice is allowed", () => {
  for (const preset of Object.values(paperPresets)) {
    expect(() => assertPaperOptions(preset)).not.toThrow();
    for (const [name, choices] of Object.entries(paperChoices)) {
      for (const choice of choices)
        expect(() => assertPaperOptions({ ...preset, [name]: choice })).not.toThrow();
    }
  }
});

test.each([
  ["lambda1", 0, "a positive number"],
  ["lambda2", -1, "a number of at least 0"],
  ["referenceValues", 0, "a positive number"],
  ["learningRate", Number.NaN, "a positive number"],
  ["pretrainingLearningRate", 0, "a positive number"],
  ["epsilon", 0, "a positive number"],
  ["batch", 0, "a positive number"],
  ["batch", 1, "at least 2"],
  ["batch", 2.5, "a whole number"],
  ["steps", -1, "a whole number"],
  ["steps", 1.5, "a whole number"],
  ["pretrainingSteps", Number.POSITIVE_INFINITY, "a whole number"],
  ["generatorChannels", 0.5, "a whole number"],
  ["normPercentile", 101, "a number from 0 to 100"],
  ["normPercentile", -1, "a number from 0 to 100"],
  ["statisticsMomentum", 1.5, "a number from 0 to 1"],
  ["statisticsMomentum", Number.NaN, "a number from 0 to 1"],
  ["attention", "all", "one of summed, per-output, none"],
  ["rule", "strict", "one of checked, paper"],
])("%s = %s is refused", async (name, value, expected) => {
  const options = { ...paperPresets.gaze, [name]: value } as PaperOptions;
  const error = await errorOf(() => assertPaperOptions(options));
  expect(error).toMatchObject({
    code: "E_USAGE",
    message: expect.stringContaining(`found ${name} = ${value}, expected ${expected}`),
  });
});
