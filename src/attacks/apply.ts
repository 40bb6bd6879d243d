/** Images with a trigger of any attack: those that are networks need a runtime. */
import { DrmGuardError } from "../errors.ts";
import { collectRows, rowsOf } from "../loops/batches.ts";
import { sizeOf } from "../onnx/tensor-data.ts";
import { compile } from "../runtime/compile.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Graph } from "../tensor/graph.ts";
import { type InputAwareTrigger, stampInputAware } from "./input-aware/trigger.ts";
import { applyTrigger, assertTriggerShape, type Trigger } from "./trigger.ts";

/** Images in one run of a trigger's networks. */
const batchSize = 50;

/**
 * Images with the trigger, A(x), whatever its kind.
 *
 * Throws E_SHAPE when they are not of the shape that it is made for, E_RUNTIME when the runtime fails.
 *
 * @param pixels [N, C, H, W] in [0, 1]
 * @param imageShape [C, H, W]
 */
export async function applyTriggerTo(
  runtime: Runtime,
  trigger: Trigger,
  pixels: Float32Array,
  imageShape: readonly number[],
): Promise<Float32Array> {
  if (trigger.kind !== "input-aware") return applyTrigger(trigger, pixels, imageShape);
  return applyCrossTrigger(runtime, trigger, pixels, pixels, imageShape);
}

/**
 * Images with the pattern and the mask that the trigger makes for others. A model that was attacked says of them what
 * it says of clean images.
 *
 * Throws E_SHAPE when images or others are not of the shape that it is made for or not as many, E_RUNTIME when the
 * runtime fails.
 *
 * @param pixels [N, C, H, W] in [0, 1]
 * @param others the images whose trigger each of them gets, [N, C, H, W] in [0, 1]
 * @param imageShape [C, H, W]
 */
export async function applyCrossTrigger(
  runtime: Runtime,
  trigger: InputAwareTrigger,
  pixels: Float32Array,
  others: Float32Array,
  imageShape: readonly number[],
): Promise<Float32Array> {
  assertTriggerShape(trigger, imageShape);
  if (pixels.length !== others.length) {
    throw new DrmGuardError(
      "E_SHAPE",
      `found ${others.length} values of other images, expected ${pixels.length} as the images have`,
    );
  }
  const count = pixels.length / sizeOf(imageShape);
  if (count === 0) return new Float32Array(0);
  const batch = Math.min(batchSize, count);
  const graph = new Graph();
  const image = graph.input("image", [batch, ...imageShape]);
  const source = graph.input("source", [batch, ...imageShape]);
  const program = await compile(runtime, { triggered: stampInputAware(trigger, image, source) });
  try {
    const all = await collectRows(count, batch, async (indices) => {
      const results = await program.run({
        image: rowsOf(pixels, imageShape, indices),
        source: rowsOf(others, imageShape, indices),
      });
      return { triggered: results.triggered!.data as Float32Array };
    });
    return all.triggered;
  } finally {
    await program.release();
  }
}
