/** f(x) for a set of images. */
import type { ImageSet } from "../data/image-set.ts";
import { coveringBatches, pixelsOf } from "../loops/batches.ts";
import { applyModel, type ExaminedModel } from "../models/examined-model.ts";
import { compile } from "../runtime/compile.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Graph } from "../tensor/graph.ts";

/**
 * Runs a model over all images of a set.
 *
 * Throws E_RUNTIME when the runtime fails.
 *
 * @param examined the model at the batch size to run with
 * @param set the images
 * @returns [N, d], row-major
 */
export async function predict(
  runtime: Runtime,
  examined: ExaminedModel,
  set: ImageSet,
): Promise<Float32Array> {
  const { batch } = examined;
  const [count, ...imageShape] = set.shape;
  const image = new Graph().input("image", [batch, ...imageShape]);
  const { outputs } = applyModel(examined, image);
  const dimension = outputs.shape[1]!;
  const all = new Float32Array(count * dimension);
  const program = await compile(runtime, { outputs });
  try {
    let first = 0;
    for (const { indices, used } of coveringBatches(count, batch)) {
      const results = await program.run({ image: pixelsOf(set, indices) });
      const rows = results.outputs!.data as Float32Array;
      all.set(rows.subarray(0, used * dimension), first * dimension);
      first += used;
    }
  } finally {
    await program.release();
  }
  return all;
}
