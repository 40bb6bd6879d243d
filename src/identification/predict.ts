/** f(x) for a set of images. */
import type { ImageSet } from "../data/image-set.ts";
import { DrmGuardError } from "../errors.ts";
import { collectRows, pixelsOf } from "../loops/batches.ts";
import { applyModel, type ExaminedModel } from "../models/examined-model.ts";
import { compile } from "../runtime/compile.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Graph, type Tensor } from "../tensor/graph.ts";

/**
 * Runs a model over all images of a set.
 *
 * Throws E_RUNTIME when the runtime fails.
 *
 * @param examined the model at the batch size to run with
 * @param set the images
 * @returns [N, d], row-major
 */
export function predict(runtime: Runtime, examined: ExaminedModel, set: ImageSet): Promise<Float32Array> {
  return outputsOver(runtime, examined, set, (image) => applyModel(examined, image).outputs);
}

/**
 * Runs what is written for a batch of images over all images of a set.
 *
 * Throws E_RUNTIME when the runtime fails.
 *
 * @param examined the model at the batch size to run with
 * @param write from [B, C, H, W] to [B, d]
 * @returns [N, d], row-major
 */
export async function outputsOver(
  runtime: Runtime,
  { batch }: ExaminedModel,
  set: ImageSet,
  write: (image: Tensor) => Tensor,
): Promise<Float32Array> {
  const [count, ...imageShape] = set.shape;
  const outputs = write(new Graph().input("image", [batch, ...imageShape]));
  const program = await compile(runtime, { outputs });
  try {
    const all = await collectRows(count, batch, async (indices) => {
      const results = await program.run({ image: pixelsOf(set, indices) });
      return { outputs: results.outputs!.data as Float32Array };
    });
    return all.outputs;
  } finally {
    await program.release();
  }
}

/**
 * Throws E_NAN, with the image's name, when a model gives something else than finite numbers.
 *
 * @param outputs f(x), [N, d]
 * @param set the images
 */
export function assertFiniteOutputs(outputs: Float32Array, { names, shape }: ImageSet): void {
  const broken = outputs.findIndex((value) => !Number.isFinite(value));
  if (broken < 0) return;
  const image = Math.floor((broken * shape[0]) / outputs.length);
  throw new DrmGuardError(
    "E_NAN",
    `the model's output on ${names[image] ?? `image ${image}`} is ${outputs[broken]}, expected finite numbers`,
    { hint: "check --mean, --std and --scale" },
  );
}
