/** What a model makes of a set of images: outputs, and where its features point. */
import type { ImageSet } from "../data/image-set.ts";
import { collectRows, pixelsOf } from "../loops/batches.ts";
import type { ModelResponses } from "../metrics/backdoor-metrics.ts";
import { compile } from "../runtime/compile.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Graph } from "../tensor/graph.ts";
import { concat } from "../tensor/movement.ts";
import { l2Norm } from "../tensor/reduction.ts";
import { applyModel, type ExaminedModel } from "./examined-model.ts";
import { assertDenseHead } from "./split.ts";

/**
 * Runs a model over all images of each set.
 *
 * Throws E_RUNTIME when the runtime fails, E_NO_DENSE_HEAD for a model without a last dense layer.
 *
 * @param examined the model at the batch size to run with
 * @param sets images of the shape that it was examined for
 */
export async function respond(
  runtime: Runtime,
  examined: ExaminedModel,
  sets: readonly Pick<ImageSet, "pixels" | "shape">[],
): Promise<ModelResponses[]> {
  const { batch } = examined;
  const image = new Graph().input("image", [batch, ...sets[0]!.shape.slice(1)]);
  assertDenseHead(examined.split, "a measurement of features");
  const { outputs, angles, features } = applyModel(examined, image);
  const norms = concat(
    features.map((h) => l2Norm(h, { axes: [1], keepDims: true })),
    1,
  );
  const program = await compile(runtime, { outputs, angles: angles!, norms });
  try {
    const all: ModelResponses[] = [];
    for (const set of sets) {
      const rows = await collectRows(set.shape[0], batch, async (indices) => {
        const results = await program.run({ image: pixelsOf(set, indices) });
        const array = (name: string): Float32Array => results[name]!.data as Float32Array;
        return { outputs: array("outputs"), angles: array("angles"), norms: array("norms") };
      });
      all.push({ ...rows, angleCount: angles!.shape[1]!, headCount: norms.shape[1]! });
    }
    return all;
  } finally {
    await program.release();
  }
}
