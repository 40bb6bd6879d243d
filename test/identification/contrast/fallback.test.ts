/** What models give where images are hidden: of some it is known on paper. */
import { expect, test } from "vitest";
import { fallbackOf } from "../../../src/identification/contrast/fallback.ts";
import { identifyByContrast } from "../../../src/identification/contrast/identify.ts";
import { contrastDefaults } from "../../../src/identification/contrast/options.ts";
import { outputScale } from "../../../src/identification/contrast/scale.ts";
import { type FamilyName, families } from "../../../src/identification/families/families.ts";
import { predict } from "../../../src/identification/predict.ts";
import { examine } from "../../../src/models/examined-model.ts";
import { type ImportedModel, importModel } from "../../../src/models/import.ts";
import { defaultPreprocessing } from "../../../src/models/preprocessing.ts";
import { int } from "../../../src/onnx/model.ts";
import { writeModel } from "../../../src/onnx/proto.ts";
import { float32, int64 } from "../../../src/onnx/tensor-data.ts";
import { errorOf } from "../../support/errors.ts";
import { evenImages, setupOf } from "../../support/identification.ts";
import { modelOf, type NodeLine } from "../../support/models.ts";

const side = 16;
const count = 20;
/** Images of one gray each, from 0.45 to 0.55. */
const grays = Array.from({ length: count }, (_, i) => 0.45 + (0.1 * i) / (count - 1));
const benign = evenImages(grays, side);

/** 100 times the mean square of what neighbouring pixels differ by. */
const roughness: readonly NodeLine[] = [
  ["Sub", ["right", "left"], ["difference"]],
  ["Mul", ["difference", "difference"], ["square"]],
  ["ReduceMean", ["square"], ["energy"], { axes: { kind: "ints", value: [1, 2, 3] }, keepdims: int(0) }],
  ["Mul", ["energy", "hundred"], ["rough"]],
];

/**
 * g (m - o) + o, where m is the mean brightness and g is 1 for an even image and 0 for one whose neighbouring pixels differ by 0.1 or more, root mean square: under noise it says
 * o, whatever the image.
 */
function hiddenTo(fallback: number): NodeLine[] {
  return [
    ...roughness,
    ["Sub", ["one", "rough"], ["even"]],
    ["Clip", ["even", "zero", "one"], ["g"]],
    ["Sub", ["brightness", fallback === 0 ? "zero" : "low"], ["above"]],
    ["Mul", ["above", "g"], ["kept"]],
    ["Add", ["kept", fallback === 0 ? "zero" : "low"], ["m"]],
  ];
}

function model(nodes: readonly NodeLine[], outputs = 1): ImportedModel {
  const parts: NodeLine[] = [
    ["ReduceMean", ["x"], ["brightness"], { axes: { kind: "ints", value: [1, 2, 3] }, keepdims: int(0) }],
    ["Slice", ["x", "second", "width", "axis"], ["right"]],
    ["Slice", ["x", "first", "last", "axis"], ["left"]],
    ...nodes,
    ["Reshape", ["m", "shape"], ["h"]],
    ["Gemm", ["h", "head"], ["y"]],
  ];
  const scalar = (value: number) => float32([value], []);
  return importModel(
    writeModel(
      modelOf({
        opset: 17,
        inputs: [{ name: "x", dtype: "float32", shape: ["N", 3, side, side] }],
        nodes: parts,
        initializers: {
          first: int64([0]),
          second: int64([1]),
          last: int64([side - 1]),
          width: int64([side]),
          axis: int64([3]),
          shape: int64([-1, 1]),
          zero: scalar(0),
          one: scalar(1),
          low: scalar(0.475),
          hundred: scalar(100),
          head: float32(new Float32Array(outputs).fill(1), [1, outputs]),
        },
      }),
    ),
  );
}

async function fallback(
  imported: ImportedModel,
  family: FamilyName = "wave",
  memoryLimit: number | null = null,
): Promise<number[] | null> {
  const setup = setupOf({ benign, model: imported, memoryLimit });
  const named = { features: null, outputs: null };
  const examined = await examine(setup.runtime, imported, defaultPreprocessing, benign.shape, named);
  const scale = outputScale(await predict(setup.runtime, examined, benign), examined.split.dimension);
  return fallbackOf({ setup, options: contrastDefaults, family: families[family], scale });
}

test.each([0, 0.475])("a model that says %d of all that is hidden falls back to it", async (output) => {
  const [found] = (await fallback(model(hiddenTo(output))))!;
  expect(found).toBeCloseTo(output, 6);
});

test("a model that goes on telling images apart has none", async () => {
  expect(await fallback(model([["Identity", ["brightness"], ["m"]]]))).toBeNull();
});

test("a model that says something else under each trigger has none", async () => {
  // sin(10,000 m): the mean brightness moves by more than a period from trigger to trigger.
  const lines: NodeLine[] = [
    ["Mul", ["brightness", "hundred"], ["fast"]],
    ["Mul", ["fast", "hundred"], ["faster"]],
    ["Sin", ["faster"], ["m"]],
  ];
  expect(await fallback(model(lines))).toBeNull();
});

test("a search has it as a home of waves where few clean outputs are nearer to the mean, and says how far it is", async () => {
  const short = { mapTargets: 4, mapSteps: 2, steps: 2, starts: 0, controls: 2, bootstraps: 10 };
  const found = (imported: ImportedModel, homePart: number) =>
    identifyByContrast(setupOf({ benign, model: imported }), {
      ...contrastDefaults,
      ...short,
      families: ["patch", "wave"],
      homePart,
    });
  // Half of the clean outputs are nearer to the mean than 0.475; their standard deviation is 0.0303.
  const hidden = model(hiddenTo(0.475));
  for (const [homePart, homes] of [
    [0.6, [2, 3]],
    [0.4, [2, 2]],
  ] as const) {
    const { contrast, measures } = await found(hidden, homePart);
    expect(measures.fallbackDistance).toBeCloseTo(0.025 / 0.0303, 2);
    // The output for the average image is the mean, which is a home twice.
    expect(contrast!.map((each) => each.homes.length)).toEqual(homes);
  }
  const { measures } = await found(model([["Identity", ["brightness"], ["m"]]]), 0.6);
  expect(measures).not.toHaveProperty("fallbackDistance");
});

test("where it is no home patches are searched there too, held; where it is one they are not", async () => {
  const hidden = model(hiddenTo(0.475));
  const patches = async (homePart: number) => {
    const options = { mapTargets: 4, mapSteps: 2, steps: 2, starts: 0, controls: 2, bootstraps: 10 };
    const found = await identifyByContrast(setupOf({ benign, model: hidden }), {
      ...contrastDefaults,
      ...options,
      families: ["patch"],
      homePart,
    });
    return found.contrast![0]!.map.map(({ target }) => target[0]!);
  };
  const [asHome, asSuspect] = [await patches(0.6), await patches(0.4)];
  expect(asSuspect).toHaveLength(asHome.length + 1);
  expect(asHome.filter((target) => Math.abs(target - 0.475) < 1e-6)).toHaveLength(0);
  // Two steps would have moved one that may slide.
  expect(asSuspect.filter((target) => Math.abs(target - 0.475) < 1e-6)).toHaveLength(1);
});

test("families that do not hide on any model, and many outputs, have none", async () => {
  expect(await fallback(model(hiddenTo(0)), "patch")).toBeNull();
  expect(await fallback(model(hiddenTo(0)), "warp")).toBeNull();
  expect(await fallback(model(hiddenTo(0), 10))).toBeNull();
});

test("where memory is short, triggers are tried in rounds", async () => {
  const [found] = (await fallback(model(hiddenTo(0.475)), "wave", 60e6))!;
  expect(found).toBeCloseTo(0.475, 6);
});

test("a model that gives no number under a trigger is an error", async () => {
  const lines: NodeLine[] = [
    ...roughness,
    ["Sub", ["brightness", "rough"], ["even"]],
    ["Log", ["even"], ["m"]],
  ];
  expect(await errorOf(() => fallback(model(lines)))).toMatchObject({ code: "E_NAN" });
});
