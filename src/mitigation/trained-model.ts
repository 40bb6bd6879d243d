/** A user's model inside of programs, with its weights as one vector that goes in. */
import { collectRows, rowsOf } from "../loops/batches.ts";
import { meanRegressionError } from "../metrics/regression-error.ts";
import { applyModel, type Examination, type ExaminedModel } from "../models/examined-model.ts";
import { float32 } from "../onnx/tensor-data.ts";
import { packedLength, unpackTensors } from "../optim/packing.ts";
import { compile } from "../runtime/compile.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Graph, type Tensor } from "../tensor/graph.ts";
import type { MitigationSetup, RepairImages } from "./mitigation.ts";
import type { TrainableWeights } from "./trainable-weights.ts";

/**
 * Adds a model to a program, with tensors in place of its trainable weights.
 *
 * @param weights packed, [n]
 */
export function applyWithWeights(
  examined: ExaminedModel,
  image: Tensor,
  weights: Tensor,
  { packing }: Pick<TrainableWeights, "packing">,
): Examination {
  return applyModel(examined, image, new Map(Object.entries(unpackTensors(weights, packing))));
}

/** Errors of a model on clean images and under triggers, in the unit of the measure. */
export interface RepairErrors {
  /** RE: the mean error on clean images. */
  readonly clean: number;
  /** The mean error to the true labels under each reversed trigger. */
  readonly triggered: readonly number[];
}

/** Runs a model with weights that change. */
export interface WeightedModel {
  /**
   * f(x) for some images.
   *
   * @param pixels [N, C, H, W]
   * @returns [N, d]
   */
  outputs(weights: Float32Array, pixels: Float32Array): Promise<Float32Array>;
  /** The errors with some weights. */
  errors(weights: Float32Array, images: RepairImages): Promise<RepairErrors>;
  /** Gives the memory back. */
  release(): Promise<void>;
}

/**
 * Compiles a model for {@link WeightedModel}. Throws E_RUNTIME when the runtime refuses it.
 *
 * @param examined the model at the batch size to run with
 */
export async function weightedModel(
  runtime: Runtime,
  examined: ExaminedModel,
  { weights, measure, training }: Pick<MitigationSetup, "weights" | "measure" | "training">,
): Promise<WeightedModel> {
  const { batch } = examined;
  const [, ...imageShape] = training.clean.shape;
  const graph = new Graph();
  const image = graph.input("image", [batch, ...imageShape]);
  const vector = graph.input("weights", [packedLength(weights.packing)]);
  const { outputs } = applyWithWeights(examined, image, vector, weights);
  const program = await compile(runtime, { outputs });
  const size = imageShape.reduce((a, b) => a * b, 1);
  const respond: WeightedModel["outputs"] = async (values, pixels) => {
    const rows = await collectRows(pixels.length / size, batch, async (indices) => {
      const results = await program.run({
        image: rowsOf(pixels, imageShape, indices),
        weights: float32(values),
      });
      return { outputs: results.outputs!.data as Float32Array };
    });
    return rows.outputs;
  };
  return {
    outputs: respond,
    async errors(values, { clean, labels, triggered }) {
      const sets = [clean.pixels, ...triggered];
      const errors: number[] = [];
      for (const pixels of sets) {
        errors.push(meanRegressionError(await respond(values, pixels), labels, measure));
      }
      return { clean: errors[0]!, triggered: errors.slice(1) };
    },
    release: () => program.release(),
  };
}
