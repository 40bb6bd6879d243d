import { describe, expect, test } from "vitest";
import { chartDocument } from "../../src/jobs/chart-document.ts";
import { resultHtml } from "../../src/report/html.ts";
import { resultMarkdown } from "../../src/report/markdown.ts";
import { repeatCommand } from "../../src/report/repeat-command.ts";
import { resultTable } from "../../src/report/table.ts";
import type { ScanOptions } from "../../src/workflows/scan-options.ts";
import { colourClassifierFile, colourImages } from "../support/classifier.ts";
import { errorOf } from "../support/errors.ts";
import { loadedModel, modelSource, scanHere } from "../support/scanning.ts";

const benign = colourImages(12);
const options: Partial<ScanOptions> = {
  task: "classification",
  method: "paper",
  options: { steps: 3, pretrainingSteps: 3, generatorChannels: 2, batch: 6 },
};
const model = (end: Parameters<typeof colourClassifierFile>[1] = "logits") =>
  loadedModel("colours.onnx", colourClassifierFile(true, end));

describe("a scan of a classifier", () => {
  test("records the task, the accuracy on labels, and a class as target", async () => {
    const result = await scanHere(await model(), benign, options);
    expect(result).toMatchObject({ task: "classification", method: "paper", preset: "classification" });
    expect(result.benign.cleanError).toBeNull();
    expect(result.benign.accuracy).toEqual({ accuracy: 1, accuracyOfCommonest: 4 / 12 });
    expect(result.target).toEqual([{ name: "class", value: expect.any(Number) }]);
    expect([0, 1, 2, 3]).toContain(result.target[0]!.value);
    expect(result.warnings.join()).not.toContain("right on");
    expect(result.options).toMatchObject({ lambda1: 500_000, lambda2: 0, attention: "none" });

    const table = resultTable(result);
    expect(table).toMatch(/accuracy +100 % +of the clean images; 33.33 % by the most frequent label/);
    expect(table).toMatch(/target estimate +class [0-3] +what most images are with the reversed trigger/);
    const command = repeatCommand(result);
    expect(command).toContain("--method paper --task classification --set ");
    expect(command).not.toMatch(/--preset|lambda/);
    expect(resultMarkdown(result)).toContain("accuracy");
    const html = resultHtml(result, { document: await chartDocument() });
    expect(html).toMatch(/output class 0 \(probability 0\.9\d+\)/);
    expect(html).toContain("probability of class 3");
  });

  test("records the task of a regression too", async () => {
    const result = await scanHere(
      await model(),
      { ...benign, labels: null, labelNames: [] },
      {
        ...options,
        task: "regression",
      },
    );
    expect(result).toMatchObject({ task: "regression", preset: "generic" });
    expect(result.target).toHaveLength(4);
  });

  test("warns of labels in another order", async () => {
    const labels = benign.labels!.map((label) => (label + 1) % 3);
    const result = await scanHere(await model(), { ...benign, labels }, options);
    expect(result.benign.accuracy!.accuracy).toBe(0);
    expect(result.warnings.join()).toContain("the model is right on 0 % of the images");
  });

  test("does not need labels, and takes references", async () => {
    const plain = { ...benign, labels: null, labelNames: [] };
    const others = (["LogSoftmax", "Softmax", "logits"] as const).map((end) =>
      modelSource(`${end}.onnx`, colourClassifierFile(false, end)),
    );
    const result = await scanHere(await model(), plain, { ...options, references: others });
    expect(result.benign).not.toHaveProperty("accuracy");
    expect(result.calibration!.references).toHaveLength(3);
  });
});

test.each([
  ["a fraction", { labels: Float32Array.from({ length: 12 }, () => 0.5) }, "found the label 0.5 of image 0"],
  [
    "a class too many",
    { labels: Float32Array.from({ length: 12 }, (_, i) => i) },
    "found the label 4 of image 4",
  ],
  [
    "two numbers",
    { labels: new Float32Array(24), labelNames: ["a", "b"] },
    "found 2 labels an image (a, b), expected one",
  ],
] as const)("labels that are %s are refused", async (_, changes, message) => {
  const error = await errorOf(async () => scanHere(await model(), { ...benign, ...changes }, options));
  expect(error).toMatchObject({ code: "E_LABELS" });
  expect(error.message).toContain(message);
});

test("other methods refuse the task before anything is read, and a regression still refuses classifiers", async () => {
  const asked = await errorOf(async () =>
    scanHere(await model(), benign, { ...options, method: "contrast", options: {} }),
  );
  expect(asked).toMatchObject({ code: "E_USAGE", hint: "--method paper" });
  const plain = await errorOf(async () =>
    scanHere(await model("Softmax"), benign, { ...options, task: "regression" }),
  );
  expect(plain).toMatchObject({
    code: "E_CLASSIFIER",
    hint: expect.stringContaining("--task classification"),
  });
});
