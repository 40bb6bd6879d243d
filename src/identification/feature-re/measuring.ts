/** What features are over all clean images, as they are, through G, and mixed as in Eq. 9. */
import type { ImageSet } from "../../data/image-set.ts";
import { coveringBatches, pixelsOf } from "../../loops/batches.ts";
import { applyHead } from "../../models/apply-head.ts";
import { applyModel, type ExaminedModel } from "../../models/examined-model.ts";
import {
  type GeneratorOptions,
  generatorPackings,
  triggerGenerator,
} from "../../models/trigger-generator.ts";
import { float32 } from "../../onnx/tensor-data.ts";
import { unpackTensors } from "../../optim/packing.ts";
import { compile } from "../../runtime/compile.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { Graph, type Tensor } from "../../tensor/graph.ts";
import type { GeneratorState } from "../../training/generator-state.ts";
import { outputsOver } from "../predict.ts";
import { mixedFeatures } from "./objective.ts";

/** Mean and standard deviation of each feature over all images, [m]. */
export interface FeatureMoments {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** A change of images inside a program. */
export type ImageChange = (image: Tensor) => Tensor;

/** G in inference. */
export function generatorOf(
  state: Pick<GeneratorState, "parameters" | "statistics">,
  generator: GeneratorOptions,
): ImageChange {
  const packings = generatorPackings(generator);
  return (image) => {
    const vector = (values: Float32Array): Tensor => image.graph.constant(float32(values));
    const parameters = unpackTensors(vector(state.parameters), packings.parameters);
    const statistics = unpackTensors(vector(state.statistics), packings.statistics);
    return triggerGenerator(image, parameters, statistics, generator).image;
  };
}

/**
 * The moments of F(A(x)) over all images, summed up batch by batch: all features of all images may not fit into memory.
 *
 * @param change A
 */
export async function featureMoments(
  runtime: Runtime,
  examined: ExaminedModel,
  set: ImageSet,
  change: ImageChange = (image) => image,
): Promise<FeatureMoments> {
  const { batch } = examined;
  const [count, ...imageShape] = set.shape;
  const image = new Graph().input("image", [batch, ...imageShape]);
  const features = applyModel(examined, change(image)).features[0]!;
  const program = await compile(runtime, { features });
  const width = features.shape[1]!;
  const [sums, squares] = [new Float64Array(width), new Float64Array(width)];
  try {
    for (const { indices, used } of coveringBatches(count, batch)) {
      const results = await program.run({ image: pixelsOf(set, indices) });
      const rows = (results.features!.data as Float32Array).subarray(0, used * width);
      rows.forEach((value, i) => {
        sums[i % width]! += value;
        squares[i % width]! += value * value;
      });
    }
  } finally {
    await program.release();
  }
  const mean = Array.from(sums, (total) => total / count);
  const std = Array.from(squares, (total, k) => Math.sqrt(Math.max(0, total / count - mean[k]! ** 2)));
  return { mean, std };
}

/**
 * H((1 - m) F(x) + m t) for all images, [N, d].
 *
 * @param mask m, [m]
 * @param replacement t, [m]
 */
export function mixedOutputs(
  runtime: Runtime,
  examined: ExaminedModel,
  set: ImageSet,
  mask: readonly number[],
  replacement: readonly number[],
): Promise<Float32Array> {
  return outputsOver(runtime, examined, set, (image) => {
    const row = (values: readonly number[]): Tensor => image.graph.constant(float32(values, [values.length]));
    const features = applyModel(examined, image).features[0]!;
    return applyHead(examined, mixedFeatures(features, row(mask), row(replacement)));
  });
}
