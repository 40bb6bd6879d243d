/** Outputs and gradients of whole networks against PyTorch's (tools/make-references.py). */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkModel } from "../src/models/check.ts";
import { importModel } from "../src/models/import.ts";
import { defaultPreprocessing } from "../src/models/preprocessing.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import { evaluate, readReference, referenceNames, relativeError } from "./support/references.ts";

/** Of the largest output or gradient. Right gradients reach 4e-5 and mostly 1e-5; a wrong factor is far above. */
const tolerance = 1e-4;
const runtime = nodeRuntime({ threads: 1 });
const here = join(import.meta.dirname, "references");

describe("references made by tools/make-references.py", () => {
  test("the index and the files name the same models", () => {
    const index = JSON.parse(readFileSync(join(here, "index.json"), "utf8")) as { name: string }[];
    expect(index.map(({ name }) => name).sort()).toEqual(referenceNames(here));
  });

  test.each(referenceNames(here))("%s", async (name) => {
    const reference = await readReference(here, name);
    const found = await evaluate(runtime, reference);
    expect(relativeError(reference.y, found.y)).toBeLessThanOrEqual(tolerance);
    expect(relativeError(reference.g, found.g)).toBeLessThanOrEqual(tolerance);
  });
});

describe("the same models fixed to a batch of one image", () => {
  const some = referenceNames(here).filter((_, i) => i % 8 === 0);
  test.each(some)("%s", async (name) => {
    const reference = await readReference(here, name);
    const { input } = reference.model;
    const shape = [1, ...(input.shape ?? []).slice(1)];
    const model = { ...reference.model, fixedBatch: 1, input: { ...input, shape } };
    const found = await evaluate(runtime, { ...reference, model });
    expect(relativeError(reference.y, found.y)).toBeLessThanOrEqual(tolerance);
    expect(relativeError(reference.g, found.g)).toBeLessThanOrEqual(tolerance);
  });
});

/** Larger models that lie beside the project where there is room for them. */
const fixtures = join(import.meta.dirname, "../../shared/fixtures/torch");

/**
 * This model amplifies rounding: measured against PyTorch in float64, the fixture's own float32 gradient is off by
 * 1.4e-4 and ours by 1.2e-4, so the two cannot agree to 1e-4. One unit of relu6 in features.5 is 3.7e-7 from its kink
 * on image 2, where float32 takes either side: there the fixture is off by 0.21, and ours by 2e-5.
 */
const illConditioned: Readonly<Record<string, { readonly tolerance: number; readonly kinkAt: number }>> = {
  mobilenet_v2: { tolerance: 4e-4, kinkAt: 2 },
};

describe.skipIf(!existsSync(fixtures))(
  "torchvision models (skipped where the fixtures are not there)",
  () => {
    test.each(referenceNames(fixtures))("%s", async (name) => {
      const reference = await readReference(fixtures, name);
      const found = await evaluate(runtime, reference);
      const { tolerance: allowed, kinkAt } = illConditioned[name] ?? { tolerance, kinkAt: null };
      const size = reference.g.length / reference.x.dims[0]!;
      const isCompared = (_: number, i: number): boolean => Math.floor(i / size) !== kinkAt;
      expect(relativeError(reference.y, found.y)).toBeLessThanOrEqual(allowed);
      const [expected, ours] = [reference.g, found.g].map((g) => g.filter(isCompared));
      expect(relativeError(expected!, ours!)).toBeLessThanOrEqual(allowed);
    });
  },
);

describe("the check of a model", () => {
  const layouts = { keras_resnet_opset11: "nhwc" } as Readonly<Record<string, "nhwc">>;
  const checked = [
    "efficientnet_opset13",
    "keras_resnet_opset11",
    "hopenet_opset13",
    "swin_timm_opset15",
    "vit_opset9_fixed_batch",
  ];
  test.each(checked)("%s passes", async (name) => {
    const report = await checkModel({
      runtime,
      model: importModel(readFileSync(join(here, `${name}.onnx`))),
      preprocessing: { ...defaultPreprocessing, layout: layouts[name] ?? "nchw" },
      size: null,
      features: null,
      outputs: null,
      seed: 1,
    });
    expect(report.problems).toEqual([]);
    expect(report.passed).toBe(true);
    expect(report.split.length).toBeGreaterThan(0);
  });
});
