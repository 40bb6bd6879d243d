import { describe, expect, test } from "vitest";
import { grad } from "../../../src/autodiff/grad.ts";
import { patch } from "../../../src/identification/families/patch.ts";
import { cleanseTerms } from "../../../src/identification/neural-cleanse/objective.ts";
import { predict } from "../../../src/identification/predict.ts";
import { examine } from "../../../src/models/examined-model.ts";
import { defaultPreprocessing } from "../../../src/models/preprocessing.ts";
import { float32, type TensorData } from "../../../src/onnx/tensor-data.ts";
import { createRandom } from "../../../src/random.ts";
import { compile, type Program } from "../../../src/runtime/compile.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import { Graph } from "../../../src/tensor/graph.ts";
import { someImages, tinyRegressor } from "../../support/identification.ts";

const runtime = nodeRuntime({ threads: 1 });
const [k, batch, d] = [3, 4, 2];
const scale = { mean: [0.1, -0.2], std: [0.5, 2] };
const images = someImages(batch);
const n = patch.length([3, 8, 8]);
const cost = [0, 0.5, 20];

async function programOf(): Promise<{ program: Program; feeds: Record<string, TensorData> }> {
  const at = { features: null, outputs: null };
  const examined = await examine(runtime, tinyRegressor(), defaultPreprocessing, [k * batch, 3, 8, 8], at);
  const graph = new Graph();
  const inputs = {
    image: graph.input("image", [batch, 3, 8, 8]),
    theta: graph.input("theta", [k, n]),
    target: graph.input("target", [k, d]),
    cost: graph.input("cost", [k]),
  };
  const terms = cleanseTerms(inputs, examined, scale);
  const [ofTheta, ofTarget] = grad(terms.loss, [inputs.theta, inputs.target]);
  const random = createRandom(4);
  return {
    program: await compile(runtime, { ...terms, ofTheta: ofTheta!, ofTarget: ofTarget! }),
    feeds: {
      image: float32(images.pixels, [batch, 3, 8, 8]),
      theta: float32(
        Float32Array.from({ length: k * n }, () => 0.4 * random.normal()),
        [k, n],
      ),
      target: float32([0.3, 0.4, -1, 0.2, 0, 1], [k, d]),
      cost: float32(cost, [k]),
    },
  };
}

const numbers = (results: Readonly<Record<string, TensorData>>, name: string): Float32Array =>
  results[name]!.data as Float32Array;

describe("Eq. 8", () => {
  test.each([
    ["theta", "ofTheta"],
    ["target", "ofTarget"],
  ])("the loss rises along its gradient by %s as much as that says", async (vector, name) => {
    const { program, feeds } = await programOf();
    const gradient = numbers(await program.run(feeds), name);
    const norm = Math.hypot(...gradient);
    const { data, dims } = feeds[vector]!;
    const lossAt = async (distance: number): Promise<number> => {
      const moved = (data as Float32Array).map((value, i) => value + (distance * gradient[i]!) / norm);
      return numbers(await program.run({ ...feeds, [vector]: float32(moved, dims) }), "loss")[0]!;
    };
    const step = 0.01;
    const slope = ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
    expect(norm).toBeGreaterThan(1e-2);
    expect(Math.abs(slope / norm - 1)).toBeLessThan(0.05);
  });

  test("it is the mean distance to y_t in standard deviations and lambda times the part of the image under the mask", async () => {
    const { program, feeds } = await programOf();
    // A mask of nothing, and one of a fourth of the image over a pattern of what stands there already: f(x') = f(x) only in the first.
    const logit = (i: number): number => (i < 16 ? 100 : -100);
    const theta = Float32Array.from({ length: k * n }, (_, i) =>
      i % n < 64 && i >= 2 * n ? logit(i % n) : -100,
    );
    const results = await program.run({ ...feeds, theta: float32(theta, [k, n]) });
    const sizes = numbers(results, "size");
    expect([...sizes].map((size) => Number(size.toFixed(6)))).toEqual([0, 0, 0.25]);
    const at = { features: null, outputs: null };
    const examined = await examine(runtime, tinyRegressor(), defaultPreprocessing, images.shape, at);
    const outputs = await predict(runtime, examined, images);
    const target = feeds.target!.data as Float32Array;
    for (const start of [0, 1]) {
      const off = outputs.map((value, i) =>
        Math.abs((value - scale.mean[i % d]!) / scale.std[i % d]! - target[start * d + (i % d)]!),
      );
      expect(numbers(results, "error")[start]).toBeCloseTo(off.reduce((a, b) => a + b, 0) / off.length, 4);
    }
    const total = numbers(results, "error").reduce((sum, error, i) => sum + error + cost[i]! * sizes[i]!, 0);
    expect(numbers(results, "loss")[0]).toBeCloseTo(total, 4);
  });
});
