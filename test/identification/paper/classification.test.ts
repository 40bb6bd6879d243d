import { beforeAll, describe, expect, test } from "vitest";
import type { Identification } from "../../../src/identification/identification.ts";
import { methodNames, prepareMethod } from "../../../src/identification/methods.ts";
import { classificationOptions } from "../../../src/identification/paper/classification-options.ts";
import { identifyByPaper } from "../../../src/identification/paper/identify.ts";
import type { PaperOptions } from "../../../src/identification/paper/options.ts";
import { columnVariances } from "../../../src/metrics/statistics.ts";
import { importModel } from "../../../src/models/import.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import {
  type ClassifierEnd,
  classCount,
  colourClassifierFile,
  colourImages,
} from "../../support/classifier.ts";
import { errorOf } from "../../support/errors.ts";
import { setupOf, tinyRegressor } from "../../support/identification.ts";

const benign = colourImages(32);
const options: PaperOptions = {
  ...classificationOptions,
  steps: 300,
  pretrainingSteps: 600,
  learningRate: 0.003,
  generatorChannels: 8,
  batch: 16,
  statisticsMomentum: 0.9,
  // So small a generator blurs by a tenth: the limits are as much higher as it is.
  floorLimit: 0.15,
  epsilon: 0.3,
};
/** Enough for numbers that can be computed again. */
const short: PaperOptions = { ...options, steps: 3, pretrainingSteps: 3, generatorChannels: 2 };

const setupFor = (isPlanted: boolean, end: ClassifierEnd = "logits", seed = 1) =>
  setupOf({
    model: importModel(colourClassifierFile(isPlanted, end)),
    benign,
    seed,
    task: "classification",
    runtime: nodeRuntime({ threads: 1 }),
  });

describe("a classifier that has a jump to a class, and the same without", () => {
  let [planted, usual]: Identification[] = [];
  beforeAll(async () => {
    [planted, usual] = await Promise.all(
      [true, false].map((isPlanted) => identifyByPaper(setupFor(isPlanted), options)),
    );
  });

  test("is found with the class that it jumps to, which no clean image is of", () => {
    expect(planted!.verdict).toBe("backdoored");
    expect(planted!.target).toEqual([3]);
    expect(planted!.measures.targetShare).toBeGreaterThan(0.9);
    expect(planted!.collapse.outputVarianceRatio).toBeLessThan(0.1);
    expect(planted!.reasons).toContainEqual(expect.stringContaining("the probabilities collapsed"));
    for (const { reversedOutput } of planted!.evidence) {
      expect(reversedOutput.indexOf(Math.max(...reversedOutput))).toBe(3);
    }
    expect(planted!.terms.at(-1)!.values["target 0"]).toBe(3);
  });

  test("needs far less of a perturbation than one that has none", () => {
    expect(usual!.verdict).toBe("benign");
    expect(usual!.score).toBeGreaterThan(2 * planted!.score);
    expect(usual!.target[0]).toBeLessThan(3);
  });
});

describe("the numbers of a result", () => {
  test("are of Eq. 10: the variance of probabilities and the perturbation, and nothing else", async () => {
    const found = await identifyByPaper(setupFor(true), short);
    expect(found.terms.length).toBeGreaterThan(0);
    const scale = 192 / short.referenceValues;
    for (const { values } of found.terms) {
      expect(values.loss! / (short.lambda1 * scale * values.outputVariance! + values.l1!)).toBeCloseTo(1, 5);
      // The mean of four variances of numbers from 0 to 1 that sum to 1.
      expect(values.outputVariance).toBeLessThan(1 / 4);
    }
    const { clean, reversed } = found.responses!;
    for (const { outputs } of [clean, reversed]) {
      for (let i = 0; i < 32; i++) {
        const row = outputs.subarray(i * classCount, (i + 1) * classCount);
        expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
      }
    }
    const total = (values: Float32Array): number =>
      columnVariances(values, classCount).reduce((a, b) => a + b);
    expect(found.collapse.outputVarianceRatio).toBeCloseTo(total(reversed.outputs) / total(clean.outputs), 6);
    expect(found.evidence[0]!.attention).toBeNull();
    expect(found.measures.meanAttention).toBe(0);
  });

  test("are the same whether the file ends in logits, logarithms of probabilities, or probabilities", async () => {
    const [logits, logarithms, probabilities] = await Promise.all(
      (["logits", "LogSoftmax", "Softmax"] as const).map((end) =>
        identifyByPaper(setupFor(true, end), short),
      ),
    );
    // Adam makes a step of every gradient, also of one that is rounding: only what comes before it is the same.
    const first = ({ terms }: Identification) => terms[0]!.values;
    for (const found of [logarithms!, probabilities!]) {
      expect(first(found).loss! / first(logits!).loss!).toBeCloseTo(1, 5);
      expect(first(found).outputVariance! / first(logits!).outputVariance!).toBeCloseTo(1, 4);
    }
    const [a, b, c] = [logits, logarithms, probabilities].map((found) => found!.responses!.clean.outputs);
    a!.forEach((value, i) => {
      expect(b![i]).toBeCloseTo(value, 5);
      expect(c![i]).toBeCloseTo(value, 5);
    });
  });
});

test("chosen classes, one number, and what classifiers have no map or ratio for are refused", async () => {
  expect(await errorOf(() => identifyByPaper(setupFor(true, "ArgMax"), short))).toMatchObject({
    code: "E_CLASSIFIER",
    message: expect.stringContaining("ends in ArgMax"),
  });
  const single = { ...setupFor(true), model: tinyRegressor(7, 1) };
  expect(await errorOf(() => identifyByPaper(single, short))).toMatchObject({
    code: "E_MODEL_OUTPUT",
    message: expect.stringContaining("found 1 output of 1 numbers"),
  });
  for (const [change, word] of [
    [{ attention: "summed" }, "attention"],
    [{ outputVariance: "relative" }, "outputVariance"],
  ] as const) {
    expect(await errorOf(() => identifyByPaper(setupFor(true), { ...short, ...change }))).toMatchObject({
      code: "E_USAGE",
      message: expect.stringContaining(`found ${word} = `),
    });
  }
});

test("its options are its own, with no preset", async () => {
  expect(
    prepareMethod("paper", "auto", { dimension: 10, pixels: 64 }, { steps: 3 }, "classification"),
  ).toMatchObject({
    preset: "classification",
    options: { ...classificationOptions, steps: 3 },
  });
  expect(
    await errorOf(() => prepareMethod("paper", "gaze", { dimension: 10, pixels: 64 }, {}, "classification")),
  ).toMatchObject({
    code: "E_USAGE",
  });
});

test.each(methodNames.filter((name) => name !== "paper"))(
  "%s refuses classifiers and says what does not",
  async (name) => {
    const error = await errorOf(() =>
      prepareMethod(name, "auto", { dimension: 10, pixels: 64 }, {}, "classification"),
    );
    expect(error).toMatchObject({ code: "E_USAGE", hint: "--method paper" });
    expect(error.message).toContain(`for the method ${name}, expected regression`);
  },
);

test("lambda_1 is what its reading says: a tenth of ten classes' variance weighs as much as epsilon of a white image", () => {
  const { lambda1, collapseLimit, epsilon, referenceValues } = classificationOptions;
  const variance = 0.1 * 0.9;
  expect((lambda1 * collapseLimit * variance) / (epsilon * referenceValues)).toBeCloseTo(1, 1);
});
