import { expect, test } from "vitest";
import { generalityOf, partOfWay } from "../../../src/identification/contrast/generality.ts";
import { contrastDefaults } from "../../../src/identification/contrast/options.ts";
import { outputScale, toDeviations } from "../../../src/identification/contrast/scale.ts";
import type { SearchContext } from "../../../src/identification/contrast/search.ts";
import { limitsOf } from "../../../src/identification/contrast/verdict.ts";
import { families } from "../../../src/identification/families/families.ts";
import { predict } from "../../../src/identification/predict.ts";
import { examine } from "../../../src/models/examined-model.ts";
import { type ImportedModel, importModel } from "../../../src/models/import.ts";
import { defaultPreprocessing } from "../../../src/models/preprocessing.ts";
import { writeModel } from "../../../src/onnx/proto.ts";
import { float32, int64 } from "../../../src/onnx/tensor-data.ts";
import { errorOf } from "../../support/errors.ts";
import { evenImages, setupOf } from "../../support/identification.ts";
import { modelOf, type NodeLine } from "../../support/models.ts";

const side = 16;
/** Images of one gray each, so that no wave but the constant one has anything in common with them. */
const count = 20;
const grays = Array.from({ length: count }, (_, i) => 0.5 + (0.01 * i) / (count - 1));
const benign = evenImages(grays, side);
/** The wave that is looked at: eight half periods down, in all channels. */
const [u, v] = [8, 0];
const wave = families.wave;
const theta = wave.length([3, side, side]);
const at = (down: number, across: number): Float32Array => {
  const values = new Float32Array(theta);
  for (let c = 0; c < 3; c++) values[(c * side + down) * side + across] = 10;
  return values;
};

/** y = a sum of what some nodes make of the image and its mean brightness. */
function model(
  nodes: readonly NodeLine[],
  weights: Readonly<Record<string, Float32Array>> = {},
): ImportedModel {
  const flat = 3 * side * side;
  return importModel(
    writeModel(
      modelOf({
        opset: 17,
        inputs: [{ name: "x", dtype: "float32", shape: ["N", 3, side, side] }],
        nodes: [...nodes, ["Gemm", ["h", "head", "bias"], ["y"]]],
        initializers: {
          ...Object.fromEntries(
            Object.entries(weights).map(([name, each]) => [name, float32(each, [flat, 1])]),
          ),
          shape: int64([0, -1]),
          most: float32([0.262], [1]),
          head: float32([1], [1, 1]),
          bias: float32([0], [1]),
        },
      }),
    ),
  );
}

/** y = mean x^2: under any wave of root mean square r it is r^2 more. */
const energy = model([
  ["Mul", ["x", "x"], ["square"]],
  ["GlobalAveragePool", ["square"], ["p"]],
  ["ReduceMean", ["p"], ["m"], { axes: { kind: "ints", value: [1] } }],
  ["Reshape", ["m", "shape"], ["h"]],
]);
/** y = <x, b> with b a wave and a constant: of all waves it answers to that one alone. */
const matched = model(
  [
    ["Flatten", ["x"], ["flat"]],
    ["MatMul", ["flat", "filter"], ["h"]],
  ],
  {
    filter: Float32Array.from({ length: 3 * side * side }, (_, i) => {
      const y = Math.floor((i % (side * side)) / side);
      return (1 + Math.cos((Math.PI * u * (y + 0.5)) / side)) / side ** 2;
    }),
  },
);

async function generality(
  imported: ImportedModel,
  changes: Partial<SearchContext> = {},
  memoryLimit: number | null = null,
): Promise<number | null> {
  const setup = setupOf({ benign, model: imported, memoryLimit });
  const named = { features: null, outputs: null };
  const examined = await examine(setup.runtime, imported, defaultPreprocessing, benign.shape, named);
  const scale = outputScale(await predict(setup.runtime, examined, benign), 1);
  const context: SearchContext = {
    setup,
    options: contrastDefaults,
    family: wave,
    scale,
    homes: [[0]],
    suspects: [],
    hidden: null,
    limits: limitsOf(contrastDefaults, 1),
    deadline: null,
    ...changes,
  };
  const triggered = await predict(setup.runtime, examined, { ...benign, pixels: withWave(at(u, v)) });
  const target = toDeviations([triggered.reduce((total, value) => total + value, 0) / count], scale);
  return generalityOf(context, { target, theta: at(u, v) }, "(a test)");
}

/** Of a root mean square of a tenth: theta of 10. */
function withWave(values: Float32Array): Float32Array {
  return benign.pixels.map((value, i) => {
    const [y, x] = [Math.floor((i % (side * side)) / side), i % side];
    const along = (w: number, place: number): number =>
      w === 0 ? 1 : Math.SQRT2 * Math.cos((Math.PI * w * (place + 0.5)) / side);
    let change = 0;
    values.subarray(0, side * side).forEach((each, k) => {
      change += 0.01 * each * along(Math.floor(k / side), y) * along(k % side, x);
    });
    return value + change;
  });
}

test("what any wave of that size does is as general as can be", async () => {
  expect(await generality(energy)).toBeCloseTo(0.99, 4);
});

test("what one wave alone does is not general", async () => {
  expect(await generality(matched)).toBeCloseTo(0, 4);
});

test("a model that gives no number under a trigger is an error, not a score", async () => {
  // log(0.262 - mean x^2): of clean images it is finite, and any wave of that size takes it below 0.
  const broken = model([
    ["Mul", ["x", "x"], ["square"]],
    ["GlobalAveragePool", ["square"], ["p"]],
    ["ReduceMean", ["p"], ["m"], { axes: { kind: "ints", value: [1] } }],
    ["Reshape", ["m", "shape"], ["e"]],
    ["Sub", ["most", "e"], ["rest"]],
    ["Log", ["rest"], ["h"]],
  ]);
  expect(await errorOf(() => generality(broken))).toMatchObject({ code: "E_NAN" });
});

test("where memory is short, others are tried in rounds and say the same", async () => {
  expect(await generality(energy, {}, 1)).toBeCloseTo(0.99, 4);
  expect(await generality(matched, {}, 1)).toBeCloseTo(0, 4);
});

test("by the mean those that reach the target count for nothing, by the least one that does little is enough", () => {
  const way = { own: 0.1, clean: 1.1, reached: 0.25 };
  // Parts of 0.1, 0.5, 0.95 (reached) and 0 (farther off than clean outputs).
  const errors = [1, 0.6, 0.15, 1.3];
  expect(partOfWay(errors, way, "mean")).toBeCloseTo((0.1 + 0.5) / 4, 12);
  expect(partOfWay([1, 0.6, 0.15], way, "least")).toBeCloseTo(0.1, 12);
  expect(partOfWay(errors, way, "least")).toBe(0);
  // What is divided by the rest stays a number, and where a trigger does nothing there is no way.
  expect(partOfWay([0.1, 0.05], way, "least")).toBe(0.99);
  expect(partOfWay([0.5], { ...way, clean: 0.1 }, "mean")).toBe(0);
});

test("it is not asked of families of which it is not known what is alike", async () => {
  const { warp } = families;
  const setup = setupOf({ benign, model: energy });
  const scale = outputScale(Float32Array.from(grays), 1);
  const context = { setup, options: contrastDefaults, family: warp, scale } as unknown as SearchContext;
  expect(await generalityOf(context, { target: [0], theta: new Float32Array(4) }, "(a test)")).toBeNull();
});
