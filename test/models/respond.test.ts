import { expect, test } from "vitest";
import { examine } from "../../src/models/examined-model.ts";
import { importModel } from "../../src/models/import.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import { respond } from "../../src/models/respond.ts";
import { writeModel } from "../../src/onnx/proto.ts";
import { float32 } from "../../src/onnx/tensor-data.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { someImages } from "../support/identification.ts";
import { modelOf } from "../support/models.ts";

// Features are the means of the three channels; rows of the last layer point along red, and between green and blue.
const model = importModel(
  writeModel(
    modelOf({
      opset: 17,
      inputs: [{ name: "x", dtype: "float32", shape: ["N", 3, 8, 8] }],
      nodes: [
        ["GlobalAveragePool", ["x"], ["p"]],
        ["Flatten", ["p"], ["h"]],
        ["Gemm", ["h", "head", "bias"], ["y"]],
      ],
      initializers: { head: float32([2, 0, 0, 3, 0, 3], [3, 2]), bias: float32([0.5, -1]) },
    }),
  ),
);

test("outputs, angles and norms of every image of every set, whatever the batch", async () => {
  const runtime = nodeRuntime({ threads: 1 });
  const hints = { features: null, outputs: null };
  const examined = await examine(runtime, model, defaultPreprocessing, [3, 3, 8, 8], hints);
  const sets = [someImages(7, 8, 1), someImages(2, 8, 2)];
  const all = await respond(runtime, examined, sets);
  expect(all).toHaveLength(2);
  sets.forEach(({ pixels, shape }, k) => {
    const { outputs, angles, norms, angleCount, headCount } = all[k]!;
    expect([outputs.length, angles.length, norms.length]).toEqual([2 * shape[0], 2 * shape[0], shape[0]]);
    expect([angleCount, headCount]).toEqual([2, 1]);
    for (let i = 0; i < shape[0]; i++) {
      const [r, g, b] = [0, 1, 2].map((c) => {
        const start = (3 * i + c) * 64;
        return pixels.subarray(start, start + 64).reduce((sum, value) => sum + value, 0) / 64;
      }) as [number, number, number];
      const norm = Math.hypot(r, g, b);
      expect(norms[i]).toBeCloseTo(norm, 5);
      expect(outputs[2 * i]).toBeCloseTo(2 * r + 0.5, 5);
      expect(outputs[2 * i + 1]).toBeCloseTo(3 * g + 3 * b - 1, 5);
      expect(angles[2 * i]).toBeCloseTo(Math.acos(r / norm), 4);
      expect(angles[2 * i + 1]).toBeCloseTo(Math.acos((g + b) / norm / Math.SQRT2), 4);
    }
  });
});
