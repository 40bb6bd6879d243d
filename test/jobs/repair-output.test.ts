/** Repaired models as files: what was trained in a program is what the file does. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { ImageSet } from "../../src/data/image-set.ts";
import { externalDataBeside } from "../../src/data/node/external-data.ts";
import { predict } from "../../src/identification/predict.ts";
import { loadModel } from "../../src/jobs/load-model.ts";
import {
  assertNewOutput,
  failedPath,
  removeRepaired,
  unverifiedPath,
  writeRepaired,
} from "../../src/jobs/repair-output.ts";
import { trainableWeights } from "../../src/mitigation/trainable-weights.ts";
import { weightedModel } from "../../src/mitigation/trained-model.ts";
import { examine } from "../../src/models/examined-model.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import { readModel } from "../../src/onnx/proto.ts";
import { unpack } from "../../src/optim/packing.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { newFolder } from "../support/cli.ts";
import { errorOf } from "../support/errors.ts";
import { someWeights } from "../support/identification.ts";
import { readReference, relativeError } from "../support/references.ts";

const references = join(import.meta.dirname, "..", "references");
const runtime = nodeRuntime({ threads: 1 });
const at = { features: null, outputs: null };
const memory = 4e9;
let home: string;
beforeAll(() => {
  home = newFolder();
});

describe("a model with other weights, written and read again, does what it did in a program", () => {
  test.each([
    ["resnet_opset17", 1e-5],
    ["vgg_bn_opset13", 1e-5],
    ["functions_opset17", 1e-5],
    ["external_data", 1e-5],
    ["shufflenet_opset9_fixed_batch", 1e-5],
    ["fp16_weights", 5e-3],
  ])("%s", async (name, tolerance) => {
    const path = join(references, `${name}.onnx`);
    const { x } = await readReference(references, name);
    const shape = x.dims as unknown as ImageSet["shape"];
    const images: ImageSet = {
      pixels: someWeights(shape, 3).data as Float32Array,
      shape,
      labels: null,
      labelNames: ["a"],
      names: [],
    };
    const { model } = await loadModel(path, memory);
    const examined = await examine(runtime, model, defaultPreprocessing, shape, at);
    const file = readModel(new Uint8Array(readFileSync(path)), externalDataBeside(path));
    const weights = trainableWeights(file, examined.instance);
    const changed = weights.values.map((value, i) => value * (1 + 0.05 * Math.sin(i)));
    const training = { clean: images, labels: new Float32Array(), triggered: [] };
    const measure = { kind: "l1", unit: "as given", names: ["a"] } as const;
    const meter = await weightedModel(runtime, examined, { weights, training, measure });
    const expected = await meter.outputs(changed, images.pixels);
    const before = await meter.outputs(weights.values, images.pixels);
    await meter.release();
    const output = join(home, `${name}.onnx`);
    const arrays = Object.entries(unpack(changed, weights.packing));
    const replaced = new Map(arrays.map(([key, { data }]) => [key, data as Float32Array]));
    const beside = await writeRepaired(path, replaced, output);
    expect(beside).toBe(name === "external_data" ? 1 : 0);
    const again = await examine(
      runtime,
      (await loadModel(output, memory)).model,
      defaultPreprocessing,
      shape,
      at,
    );
    const found = await predict(runtime, again, images);
    expect(relativeError(expected, found)).toBeLessThan(tolerance);
    expect(relativeError(before, found)).toBeGreaterThan(2 * tolerance);
    await removeRepaired(output, beside);
    expect(readdirSync(home).filter((file) => file.startsWith(name))).toEqual([]);
  });
});

test("the original and the file beside it stay as they are when the copy lies next to them", async () => {
  const names = ["external_data.onnx", "external_data.onnx.data"];
  for (const name of names) copyFileSync(join(references, name), join(home, name));
  await writeRepaired(join(home, names[0]!), new Map(), join(home, "copy.onnx"));
  for (const name of names)
    expect(readFileSync(join(home, name))).toEqual(readFileSync(join(references, name)));
  expect(existsSync(join(home, "copy.onnx.data"))).toBe(true);
});

test("names of outputs say what became of them, and what is there is not written over", async () => {
  expect(failedPath("a.b/model.onnx")).toBe("a.b/model.failed.onnx");
  expect(unverifiedPath("model.onnx")).toBe("model.unverified.onnx");
  const folder = join(home, "there");
  mkdirSync(folder);
  writeFileSync(join(folder, "old.failed.onnx"), "");
  const attempt = (name: string) => errorOf(() => assertNewOutput(join(folder, name)));
  expect(await attempt("old.onnx")).toMatchObject({ code: "E_WRITE" });
  expect(await attempt("old.failed.onnx")).toMatchObject({ code: "E_WRITE" });
  expect(await attempt("nowhere/new.onnx")).toMatchObject({ code: "E_WRITE" });
  await assertNewOutput(join(folder, "new.onnx"));
});
