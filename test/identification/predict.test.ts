import { expect, test } from "vitest";
import { predict } from "../../src/identification/predict.ts";
import { examine } from "../../src/models/examined-model.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { someImages, tinyRegressor } from "../support/identification.ts";

test("the outputs of a set do not depend on how it is cut into batches", async () => {
  const runtime = nodeRuntime();
  const set = someImages(7);
  const outputs = await Promise.all(
    [1, 3, 7, 10].map(async (batch) => {
      const shape = [batch, 3, 8, 8] as const;
      const examined = await examine(runtime, tinyRegressor(), defaultPreprocessing, shape, {
        features: null,
        outputs: null,
      });
      return predict(runtime, examined, set);
    }),
  );
  expect(outputs[0]).toHaveLength(14);
  expect(new Set(outputs[0]).size).toBe(14);
  for (const each of outputs) {
    each.forEach((value, i) => {
      expect(value).toBeCloseTo(outputs[0]![i]!, 5);
    });
  }
});
