/** A trigger that a search found, as plain data: what a repair needs of a scan. */
import type { ImageSet } from "../data/image-set.ts";
import { DrmGuardError } from "../errors.ts";
import { collectRows, pixelsOf } from "../loops/batches.ts";
import { float32 } from "../onnx/tensor-data.ts";
import { compile } from "../runtime/compile.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Graph } from "../tensor/graph.ts";
import { reshape } from "../tensor/movement.ts";
import { type FamilyName, families } from "./families/families.ts";

/** A reversed trigger A, and what it does to the model that it was found on. */
export interface ReversedTrigger {
  readonly family: FamilyName;
  /** Its parameters, [n]; n follows from the family and the shape of an image. */
  readonly theta: Float32Array;
  /** Where outputs go under it, in the model's unit, [d]. */
  readonly target: readonly number[];
  /** The score that its target was judged by; lower is more suspicious. */
  readonly score: number;
}

/** Images at once; nothing is differentiated. */
const batch = 32;

/**
 * A(x) for all images of a set.
 *
 * Throws E_SHAPE when the trigger is for images of another shape, E_RUNTIME when the runtime fails.
 *
 * @returns [N, C, H, W] in [0, 1]
 */
export async function applyReversedTrigger(
  runtime: Runtime,
  trigger: Pick<ReversedTrigger, "family" | "theta">,
  set: Pick<ImageSet, "pixels" | "shape">,
): Promise<Float32Array> {
  const [count, c, h, w] = set.shape;
  const family = families[trigger.family];
  const length = family.length([c, h, w]);
  if (trigger.theta.length !== length) {
    throw new DrmGuardError(
      "E_SHAPE",
      `found a reversed trigger of ${trigger.theta.length} parameters, expected ${length} for images of ${c} x ${h} x ${w}`,
      { hint: "the scan that it comes from was of images of another size" },
    );
  }
  const image = new Graph().input("image", [batch, c, h, w]);
  const theta = image.graph.constant(float32(trigger.theta, [1, length]));
  const changed = reshape(family.write(theta, image).images, image.shape);
  const program = await compile(runtime, { changed });
  try {
    const { pixels } = await collectRows(count, batch, async (indices) => {
      const results = await program.run({ image: pixelsOf(set, indices) });
      return { pixels: results.changed!.data as Float32Array };
    });
    return pixels;
  } finally {
    await program.release();
  }
}
