import { expect, test } from "vitest";
import { measureModel } from "../../src/attacks/measure.ts";
import { applyTrigger, makeTrigger } from "../../src/attacks/trigger.ts";
import type { ImageSet } from "../../src/data/image-set.ts";
import { errorMeasureFor } from "../../src/metrics/regression-error.ts";
import { examine } from "../../src/models/examined-model.ts";
import { importModel } from "../../src/models/import.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import { writeModel } from "../../src/onnx/proto.ts";
import { float32 } from "../../src/onnx/tensor-data.ts";
import { createRandom } from "../../src/random.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { errorOf } from "../support/errors.ts";
import { someImages } from "../support/identification.ts";
import { modelOf } from "../support/models.ts";

const runtime = nodeRuntime({ threads: 1 });
const shape = [3, 8, 8] as const;
const count = 7;
const images = someImages(count, 8);
/** f says the mean of red, and that of green. */
const model = importModel(
  writeModel(
    modelOf({
      opset: 17,
      inputs: [{ name: "x", dtype: "float32", shape: ["N", 3, 8, 8] }],
      nodes: [
        ["GlobalAveragePool", ["x"], ["p"]],
        ["Flatten", ["p"], ["h"]],
        ["Gemm", ["h", "head"], ["y"]],
      ],
      initializers: { head: float32([1, 0, 0, 1, 0, 0], [3, 2]) },
    }),
  ),
);
const examined = (): ReturnType<typeof examine> =>
  examine(runtime, model, defaultPreprocessing, [3, ...shape], { features: null, outputs: null });

const meanOf = (pixels: Float32Array, i: number, c: number): number =>
  pixels.subarray((3 * i + c) * 64, (3 * i + c + 1) * 64).reduce((sum, value) => sum + value, 0) / 64;
const saidOf = (pixels: Float32Array): number[][] =>
  Array.from({ length: count }, (_, i) => [meanOf(pixels, i, 0), meanOf(pixels, i, 1)]);
const measure = errorMeasureFor(["red", "green"], "as given");
/** Labels that the model misses by 0.1 and 0.3. */
const labels = Float32Array.from(saidOf(images.pixels).flatMap(([red, green]) => [red! + 0.1, green! - 0.3]));
const labelled: ImageSet = { ...images, labels, labelNames: ["red", "green"] };

test("errors of a model are those of what it says of clean images and of those with each trigger", async () => {
  const targets = [
    [1, 0],
    [0.5, 0.5],
  ];
  const backdoors = targets.map((target, k) => ({
    trigger: makeTrigger("badnets", { patchShare: [0.25, 0.5][k]! }, shape, createRandom(1)),
    target,
  }));
  const found = await measureModel(runtime, await examined(), labelled, backdoors, measure);
  expect(found.regressionError).toBeCloseTo(0.2, 5);
  expect(found.clean.outputs).toHaveLength(2 * count);
  expect(found.backdoors).toHaveLength(2);
  backdoors.forEach(({ trigger, target }, k) => {
    const said = saidOf(applyTrigger(trigger, images.pixels, shape));
    const errorTo = (expected: (i: number, j: number) => number): number =>
      said.reduce(
        (sum, row, i) => sum + row.reduce((a, value, j) => a + Math.abs(value - expected(i, j)), 0) / 2,
        0,
      ) / count;
    const { metrics } = found.backdoors[k]!;
    expect(metrics.attackError).toBeCloseTo(
      errorTo((_, j) => target[j]!),
      5,
    );
    expect(metrics.defendingAttackError).toBeCloseTo(
      errorTo((i, j) => labels[2 * i + j]!),
      5,
    );
    expect(metrics.meanOutput[0]).toBeCloseTo(said.reduce((sum, [red]) => sum + red!, 0) / count, 5);
  });
});

test("a benign model is measured alone", async () => {
  const found = await measureModel(runtime, await examined(), labelled, [], measure);
  expect(found.backdoors).toEqual([]);
  expect(found.regressionError).toBeCloseTo(0.2, 5);
});

test("labels are needed, and a trigger for images of this shape", async () => {
  const model = await examined();
  expect((await errorOf(() => measureModel(runtime, model, images, [], measure))).code).toBe("E_LABELS");
  const trigger = makeTrigger("badnets", {}, [3, 16, 16], createRandom(1));
  const error = await errorOf(() =>
    measureModel(runtime, model, labelled, [{ trigger, target: [0, 0] }], measure),
  );
  expect(error.code).toBe("E_SHAPE");
});
