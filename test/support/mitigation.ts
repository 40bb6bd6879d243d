/** A small setup for mitigations: a model, and images in three parts with and without a trigger. */
import { subsetOf } from "../../src/data/subset.ts";
import { predict } from "../../src/identification/predict.ts";
import { errorMeasureFor } from "../../src/metrics/regression-error.ts";
import type { MitigationSetup, RepairImages } from "../../src/mitigation/mitigation.ts";
import { mirroredImages } from "../../src/mitigation/repair-images.ts";
import { trainableWeights } from "../../src/mitigation/trainable-weights.ts";
import { type RepairErrors, weightedModel } from "../../src/mitigation/trained-model.ts";
import { examine } from "../../src/models/examined-model.ts";
import { type ImportedModel, importModel } from "../../src/models/import.ts";
import { defaultPreprocessing } from "../../src/models/preprocessing.ts";
import { readModel } from "../../src/onnx/proto.ts";
import { createRandom } from "../../src/random.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import { range } from "../../src/tensor/shape.ts";
import { withCornerPattern } from "./backdoored.ts";
import { memoryStore, someImages } from "./identification.ts";

const at = { features: null, outputs: null };

/**
 * A setup for a file of 8 x 8 px images and two outputs, and images that it does not see.
 *
 * @param teacher what labels come from
 * @param spread of the noise on them
 */
export async function mitigationSetup(
  bytes: Uint8Array,
  teacher: ImportedModel,
  spread = 0,
): Promise<{ readonly setup: MitigationSetup; readonly held: RepairImages }> {
  const runtime = nodeRuntime({ threads: 1 });
  const images = someImages(60);
  const examined = await examine(runtime, teacher, defaultPreprocessing, images.shape, at);
  const random = createRandom(5);
  const labels = (await predict(runtime, examined, images)).map((value) => value + spread * random.normal());
  const part = (start: number, count: number): RepairImages => {
    const clean = subsetOf(
      { ...images, labels },
      range(count).map((i) => start + i),
    );
    return { clean, labels: clean.labels!, triggered: [withCornerPattern(clean.pixels)] };
  };
  const model = importModel(bytes);
  const instance = (await examine(runtime, model, defaultPreprocessing, [4, 3, 8, 8], at)).instance;
  const mirrored = mirroredImages(part(0, 36).clean);
  const setup: MitigationSetup = {
    runtime,
    model,
    weights: trainableWeights(readModel(bytes), instance),
    preprocessing: defaultPreprocessing,
    ...at,
    training: part(0, 36),
    mirrored: async () => ({ clean: mirrored, triggered: [withCornerPattern(mirrored.pixels)] }),
    isMovable: [true],
    validation: part(36, 12),
    measure: errorMeasureFor(["a", "b"], "as given"),
    maxDegradation: 0.1,
    seed: 1,
    runKey: "repair",
    deadline: null,
    memoryLimit: null,
    checkpoints: memoryStore(),
    onEvent: () => {},
    shouldStop: () => false,
  };
  return { setup, held: part(48, 12) };
}

/** Errors with some weights. */
export async function repairErrors(
  setup: MitigationSetup,
  weights: Float32Array,
  images: RepairImages,
): Promise<RepairErrors> {
  const examined = await examine(setup.runtime, setup.model, defaultPreprocessing, [4, 3, 8, 8], at);
  const meter = await weightedModel(setup.runtime, examined, setup);
  const errors = await meter.errors(weights, images);
  await meter.release();
  return errors;
}
