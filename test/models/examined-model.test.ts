import fc from "fast-check";
import { expect, test } from "vitest";
import { applyModel, examine, featureAngles } from "../../src/models/examined-model.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import { float32 } from "../../src/onnx/tensor-data.ts";
import { compile } from "../../src/runtime/compile.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { Graph } from "../../src/tensor/graph.ts";
import { errorOf } from "../support/errors.ts";
import { someImages, tinyRegressor } from "../support/identification.ts";

const runtime = nodeRuntime();
const noOptions = { features: null, outputs: null };

/** A program of angles between one feature vector of three and one row. */
async function angleProgram() {
  const graph = new Graph();
  const angles = featureAngles(graph.input("h", [1, 3]), graph.input("w", [1, 3]));
  const program = await compile(runtime, { angles });
  const angle = async (h: number[], w: number[]): Promise<number> => {
    const { angles } = await program.run({ h: float32(h, [1, 3]), w: float32(w, [1, 3]) });
    return (angles!.data as Float32Array)[0]!;
  };
  return { angle, release: () => program.release() };
}

test("angles are those of the vectors, whatever their lengths, and stay defined at the ends", async () => {
  const { angle, release } = await angleProgram();
  const least = Math.acos(1 - 1e-6);
  const cases: [number[], number[], number][] = [
    [[1, 0, 0], [0, 1, 0], Math.PI / 2],
    [[2, 0, 0], [3, 3, 0], Math.PI / 4],
    [[1, 1, 1], [1, 1, 0], Math.acos(2 / Math.sqrt(6))],
    [[1, 2, 3], [-3, 0, 1], Math.PI / 2],
    [[1e-3, 0, 0], [-1e3, 1e3, 0], (3 * Math.PI) / 4],
    // Arccos has no finite slope at 1 and -1, so that cosines stop just before.
    [[1, 2, 3], [2, 4, 6], least],
    [[1, 2, 3], [-2, -4, -6], Math.PI - least],
    // A vector of zeros has no direction: it stands across.
    [[0, 0, 0], [1, 2, 3], Math.PI / 2],
    [[0, 0, 0], [0, 0, 0], Math.PI / 2],
  ];
  for (const [h, w, expected] of cases) expect(await angle(h, w), `${h} and ${w}`).toBeCloseTo(expected, 4);
  await release();
});

test("the angle of any two vectors is that of the textbook", async () => {
  const { angle, release } = await angleProgram();
  const number = fc.integer({ min: -9, max: 9 });
  const vector = fc.array(number, { minLength: 3, maxLength: 3 }).filter((v) => v.some((x) => x !== 0));
  const dot = (a: number[], b: number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  await fc.assert(
    fc.asyncProperty(vector, vector, async (h, w) => {
      const cosine = dot(h, w) / Math.sqrt(dot(h, h) * dot(w, w));
      const expected = Math.acos(Math.min(1 - 1e-6, Math.max(-1 + 1e-6, cosine)));
      expect(await angle(h, w)).toBeCloseTo(expected, 3);
    }),
    { numRuns: 40 },
  );
  await release();
});

test("outputs are H of the features, and angles are those between features and rows of H", async () => {
  const model = tinyRegressor();
  const set = someImages(3);
  const examined = await examine(runtime, model, defaultPreprocessing, set.shape, noOptions);
  const image = new Graph().input("image", set.shape);
  const { outputs, features, angles } = applyModel(examined, image);
  const program = await compile(runtime, { outputs, features: features[0]!, angles: angles! });
  const results = await program.run({ image: float32(set.pixels, set.shape) });
  await program.release();
  const values = (name: string): Float32Array => results[name]!.data as Float32Array;
  const weight = (name: string): Float32Array => model.graph.initializers.get(name)!.data as Float32Array;
  for (let i = 0; i < 3; i++) {
    const h = values("features").subarray(6 * i, 6 * i + 6);
    for (let j = 0; j < 2; j++) {
      const w = Array.from({ length: 6 }, (_, m) => weight("head")[2 * m + j]!);
      const product = w.reduce((sum, value, m) => sum + value * h[m]!, 0);
      expect(values("outputs")[2 * i + j]).toBeCloseTo(product + weight("bias")[j]!, 5);
      const cosine = product / (Math.hypot(...h) * Math.hypot(...w));
      expect(values("angles")[2 * i + j]).toBeCloseTo(Math.acos(cosine), 4);
    }
  }
});

test.each([
  [[2, 1, 8, 8], "images as N, C, H, W are [2, 1, 8, 8], the model's input x is [N, 3, 8, 8]"],
  [[2, 3, 8, 9], "images as N, C, H, W are [2, 3, 8, 9], the model's input x is [N, 3, 8, 8]"],
] as const)("images of %s do not fit the model", async (shape, message) => {
  const error = await errorOf(() =>
    examine(runtime, tinyRegressor(), defaultPreprocessing, shape, noOptions),
  );
  expect(error).toMatchObject({ code: "E_MODEL_INPUT", message });
});
