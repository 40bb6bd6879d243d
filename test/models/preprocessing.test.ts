import { expect, test } from "vitest";
import type { ImportedModel } from "../../src/models/import.ts";
import {
  defaultPreprocessing,
  imageSizeOf,
  inputShapeFor,
  type Preprocessing,
  type PreprocessingHints,
  preprocess,
  resolvePreprocessing,
} from "../../src/models/preprocessing.ts";
import { float32 } from "../../src/onnx/tensor-data.ts";
import { compile } from "../../src/runtime/compile.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { Graph } from "../../src/tensor/graph.ts";
import { errorOf } from "../support/errors.ts";

/** Only what is looked at: the shape of the input and whether the file takes bytes. */
const modelOf = (shape: (number | string | null)[], takesBytes = false): ImportedModel =>
  ({ input: { name: "x", dtype: "float32", shape }, takesBytes }) as unknown as ImportedModel;

const nothing: PreprocessingHints = { scale: null, mean: null, std: null, layout: null, channels: null };

test.each([
  ["channels first", modelOf(["N", 3, 8, 8]), {}, {}],
  ["channels last", modelOf(["N", 8, 8, 3]), {}, { layout: "nhwc" }],
  ["3 px high with channels first", modelOf(["N", 3, 8, 3]), {}, {}],
  ["free sizes", modelOf(["N", 3, "H", "W"]), {}, {}],
  ["everything free", modelOf([null, null, null, null]), {}, {}],
  ["one channel", modelOf([1, 1, 8, 8]), {}, { channels: "gray" }],
  ["one channel at the end", modelOf([1, 8, 8, 1]), {}, { channels: "gray", layout: "nhwc" }],
  ["bytes", modelOf(["N", 8, 8, 3], true), {}, { layout: "nhwc", scale: 255 }],
  ["bytes, but a user who says otherwise", modelOf(["N", 3, 8, 8], true), { scale: 1 }, { scale: 1 }],
  [
    "all that a user may say",
    modelOf(["N", 3, 8, 8]),
    { scale: 255, mean: [1, 2, 3], std: [4], layout: "nhwc", channels: "bgr" },
    { scale: 255, mean: [1, 2, 3], std: [4], layout: "nhwc", channels: "bgr" },
  ],
] as [string, ImportedModel, Partial<PreprocessingHints>, Partial<Preprocessing>][])(
  "a model of %s is resolved",
  (_, model, hints, expected) => {
    expect(resolvePreprocessing(model, { ...nothing, ...hints })).toEqual({
      ...defaultPreprocessing,
      ...expected,
    });
  },
);

test("the size of images is read from the axes of the layout", () => {
  expect(imageSizeOf(modelOf(["N", 3, 8, "W"]), "nchw")).toEqual([8, null]);
  expect(imageSizeOf(modelOf(["N", 8, 9, 3]), "nhwc")).toEqual([8, 9]);
  expect(inputShapeFor([2, 3, 8, 9], { ...defaultPreprocessing, layout: "nhwc" })).toEqual([2, 8, 9, 3]);
  expect(inputShapeFor([2, 3, 8, 9], defaultPreprocessing)).toEqual([2, 3, 8, 9]);
});

/** Two pixels of R, G and B: (0.1, 0.3, 0.5) and (0.2, 0.4, 0.6). */
async function preprocessed(
  changes: Partial<Preprocessing>,
): Promise<{ dims: readonly number[]; values: number[] }> {
  const graph = new Graph();
  const y = preprocess(graph.input("image", [1, 3, 1, 2]), { ...defaultPreprocessing, ...changes });
  const program = await compile(nodeRuntime(), { y });
  const { y: found } = await program.run({ image: float32([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [1, 3, 1, 2]) });
  await program.release();
  expect(found!.dims).toEqual(y.shape);
  return { dims: found!.dims, values: [...(found!.data as Float32Array)] };
}

test.each([
  ["nothing", {}, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]],
  ["scale 255", { scale: 255 }, [25.5, 51, 76.5, 102, 127.5, 153]],
  ["one mean and std for all", { mean: [0.5], std: [0.1] }, [-4, -3, -2, -1, 0, 1]],
  ["a mean and std for each", { mean: [0.1, 0.2, 0.3], std: [1, 0.1, 2] }, [0, 0.1, 1, 2, 0.1, 0.15]],
  [
    "mean and std in units after scaling",
    { scale: 10, mean: [1, 2, 3], std: [1, 2, 4] },
    [0, 1, 0.5, 1, 0.5, 0.75],
  ],
  ["bgr", { channels: "bgr" }, [0.5, 0.6, 0.3, 0.4, 0.1, 0.2]],
  [
    "bgr with means in the model's order",
    { channels: "bgr", mean: [0.5, 0.3, 0.1] },
    [0, 0.1, 0, 0.1, 0, 0.1],
  ],
  ["nhwc", { layout: "nhwc" }, [0.1, 0.3, 0.5, 0.2, 0.4, 0.6]],
  [
    "nhwc and bgr with a mean",
    { layout: "nhwc", channels: "bgr", mean: [0.5, 0, 0] },
    [0, 0.3, 0.1, 0.1, 0.4, 0.2],
  ],
] as [string, Partial<Preprocessing>, number[]][])("%s", async (_, changes, expected) => {
  const { dims, values } = await preprocessed(changes);
  expect(dims).toEqual(changes.layout === "nhwc" ? [1, 1, 2, 3] : [1, 3, 1, 2]);
  values.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, 4);
  });
});

test.each(["mean", "std"])("a number of values for %s that fits no channels is refused", async (name) => {
  const graph = new Graph();
  const options = { ...defaultPreprocessing, [name]: [1, 2] };
  const error = await errorOf(() => preprocess(graph.input("image", [1, 3, 1, 2]), options));
  expect(error).toMatchObject({ code: "E_USAGE", message: `found 2 numbers for ${name}, expected 1 or 3` });
});
