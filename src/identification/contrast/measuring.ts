/** What a trigger does to all clean images, and what they give without one. */
import type { ImageSet } from "../../data/image-set.ts";
import { collectRows, pixelsOf } from "../../loops/batches.ts";
import { meanVarianceRatio } from "../../metrics/statistics.ts";
import { applyModel, type ExaminedModel } from "../../models/examined-model.ts";
import { float32 } from "../../onnx/tensor-data.ts";
import { compile } from "../../runtime/compile.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { Graph, type Tensor } from "../../tensor/graph.ts";
import { reshape } from "../../tensor/movement.ts";
import type { TriggerFamily } from "../families/family.ts";

/** Arrays over all clean images. */
export interface Responses {
  /** f(x'), [N, d] */
  readonly outputs: Float32Array;
  /** angle(F(x_i), w_j), [N, k]; k = 0 for a model without a last dense layer. */
  readonly angles: Float32Array;
  readonly dimension: number;
  readonly angleCount: number;
}

/** The same, with the first images. */
export interface TriggeredResponses extends Responses {
  /** x' of the first images, [kept, C, H, W] */
  readonly images: Float32Array;
}

/** The variance of angles under a trigger over that without one, the mean over them; null for a model that has none. */
export function coneRatioOf(triggered: Responses, clean: Responses): number | null {
  const { angleCount } = clean;
  return angleCount === 0 ? null : meanVarianceRatio(triggered.angles, clean.angles, angleCount);
}

/** Runs the model over all clean images as they are. */
export function respondToClean(runtime: Runtime, examined: ExaminedModel, set: ImageSet): Promise<Responses> {
  return respondTo(runtime, examined, set, (image) => image, 0);
}

/**
 * Runs the model over all clean images with a trigger.
 *
 * @param theta its parameters, [n]
 * @param keep how many images to keep
 */
export function respondToTrigger(
  runtime: Runtime,
  examined: ExaminedModel,
  set: ImageSet,
  family: TriggerFamily,
  theta: Float32Array,
  keep: number,
): Promise<TriggeredResponses> {
  const apply = (image: Tensor): Tensor => {
    const parameters = image.graph.constant(float32(theta, [1, theta.length]));
    return reshape(family.write(parameters, image).images, image.shape);
  };
  return respondTo(runtime, examined, set, apply, keep);
}

async function respondTo(
  runtime: Runtime,
  examined: ExaminedModel,
  set: ImageSet,
  change: (image: Tensor) => Tensor,
  keep: number,
): Promise<TriggeredResponses> {
  const { batch } = examined;
  const [count, c, h, w] = set.shape;
  const changed = change(new Graph().input("image", [batch, c, h, w]));
  const { outputs, angles } = applyModel(examined, changed);
  const program = await compile(runtime, { changed, outputs, ...(angles === null ? {} : { angles }) });
  const kept = Math.min(keep, count);
  const images = new Float32Array(kept * c * h * w);
  try {
    const all = await collectRows(count, batch, async (indices, first) => {
      const results = await program.run({ image: pixelsOf(set, indices) });
      const array = (name: string): Float32Array => results[name]!.data as Float32Array;
      const wanted = Math.min(batch, Math.max(0, kept - first));
      images.set(array("changed").subarray(0, wanted * c * h * w), Math.min(first, kept) * c * h * w);
      return { outputs: array("outputs"), angles: angles === null ? new Float32Array() : array("angles") };
    });
    return { ...all, images, dimension: outputs.shape[1]!, angleCount: angles?.shape[1] ?? 0 };
  } finally {
    await program.release();
  }
}
