import { expect, test } from "vitest";
import { contrastDefaults, contrastPresets } from "../../src/identification/contrast/options.ts";
import { featureReDefaults } from "../../src/identification/feature-re/options.ts";
import {
  methodNames,
  methodOptions,
  prepareMethod,
  presetOfResult,
} from "../../src/identification/methods.ts";
import { neuralCleanseDefaults } from "../../src/identification/neural-cleanse/options.ts";
import { paperPresets } from "../../src/identification/paper/options.ts";
import { errorOf } from "../support/errors.ts";

test.each([
  ["paper", "auto", 2, "gaze", { ...paperPresets.gaze, steps: 3 }],
  ["paper", "auto", 3, "head-pose", { ...paperPresets["head-pose"], steps: 3 }],
  ["paper", "generic", 2, "generic", { ...paperPresets.generic, steps: 3 }],
  ["contrast", "auto", 2, "standard", { ...contrastDefaults, steps: 3 }],
  ["contrast", "quick", 2, "quick", { ...contrastPresets.quick, steps: 3 }],
  ["feature-re", "auto", 2, null, { ...featureReDefaults, steps: 3 }],
  ["neural-cleanse", "auto", 3, null, { ...neuralCleanseDefaults, steps: 3 }],
] as const)("%s with preset %s for %d outputs", (name, preset, dimension, chosen, options) => {
  expect(prepareMethod(name, preset, { dimension, pixels: 64 * 64 }, { steps: 3 })).toMatchObject({
    preset: chosen,
    options,
  });
});

test.each([
  [112, "standard"],
  [128, "standard"],
  [129, "quick"],
  [224, "quick"],
] as const)("images of %d px are searched by the preset %s unless another is named", (side, chosen) => {
  const subject = { dimension: 3, pixels: side * side };
  expect(prepareMethod("contrast", "auto", subject, {})).toMatchObject({
    preset: chosen,
    options: contrastPresets[chosen],
  });
  expect(prepareMethod("contrast", "standard", subject, {}).options).toEqual(contrastDefaults);
});

test.each([
  ["quick", "quick"],
  ["head-pose", "head-pose"],
  // The one of classifiers is their task, and older results of contrast name none.
  ["classification", "auto"],
  [null, "auto"],
] as const)("a scan whose result names the preset %s is repeated by %s", (preset, chosen) => {
  expect(presetOfResult(preset)).toBe(chosen);
});

test.each([
  ["paper", "quick", "expected auto, gaze, head-pose, generic"],
  ["contrast", "gaze", "expected auto, standard, quick"],
  ["neural-cleanse", "quick", "no presets"],
  ["feature-re", "gaze", "no presets"],
] as const)("%s refuses the preset %s", async (name, preset, text) => {
  const error = await errorOf(() => prepareMethod(name, preset, { dimension: 2, pixels: 64 }, {}));
  expect(error).toMatchObject({ code: "E_USAGE", message: expect.stringContaining(text) });
});

test.each(methodNames)(
  "the words of %s are among its options, and its defaults are among the words",
  (name) => {
    const defaults: Readonly<Record<string, unknown>> = { ...methodOptions[name].defaults };
    for (const [option, words] of Object.entries(methodOptions[name].choices)) {
      for (const word of [defaults[option]].flat()) expect(words).toContain(word);
    }
  },
);
