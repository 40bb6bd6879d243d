/** What is computed once for every clean image: f(x), the angles of F(x), and T(x). None depends on the search. */
import type { ImageSet } from "../../data/image-set.ts";
import { collectRows, pixelsOf } from "../../loops/batches.ts";
import type { ExaminedModel } from "../../models/examined-model.ts";
import type { Task } from "../../models/task.ts";
import { compile } from "../../runtime/compile.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { Graph } from "../../tensor/graph.ts";
import { attentionMap } from "./attention.ts";
import { applyForTask } from "./classification.ts";
import type { PaperOptions } from "./options.ts";

/** Arrays over all clean images, row-major. */
export interface CleanResponses {
  /** f(x), [N, d]; of a classifier S(f(x)) */
  readonly outputs: Float32Array;
  /** angle(F(x_i), w_j) in radians, [N, k] */
  readonly angles: Float32Array;
  /** T(x), [N, 1, H, W] */
  readonly attention: Float32Array;
  readonly dimension: number;
  readonly angleCount: number;
}

/**
 * Runs the model and the attention map over all clean images.
 *
 * @param examined the model at the batch size to run with
 * @param set the clean images
 */
export async function respondToClean(
  runtime: Runtime,
  examined: ExaminedModel,
  set: ImageSet,
  options: PaperOptions,
  task: Task,
): Promise<CleanResponses> {
  const { batch } = examined;
  const [count, c, h, w] = set.shape;
  const image = new Graph().input("image", [batch, c, h, w]);
  const { outputs, angles } = applyForTask(examined, image, task);
  const program = await compile(runtime, {
    outputs,
    angles,
    attention: attentionMap(image, outputs, options.attention),
  });
  const [dimension, angleCount] = [outputs.shape[1]!, angles.shape[1]!];
  try {
    const all = await collectRows(count, batch, async (indices) => {
      const results = await program.run({ image: pixelsOf(set, indices) });
      const array = (name: keyof typeof results): Float32Array => results[name]!.data as Float32Array;
      return { outputs: array("outputs"), angles: array("angles"), attention: array("attention") };
    });
    return { ...all, dimension, angleCount };
  } finally {
    await program.release();
  }
}
