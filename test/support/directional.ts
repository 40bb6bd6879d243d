/** The gradient of a training step against differences of its loss. */
import { float32, type TensorData } from "../../src/onnx/tensor-data.ts";
import type { Program } from "../../src/runtime/compile.ts";

/**
 * How far a loss rises along the gradient of one of its inputs, beside what the gradient says: 1 when it is right.
 *
 * The slope along g / ||g|| is ||g||; it is taken from a central difference.
 *
 * @param program gives terms whose sum is the loss
 * @param terms their names
 * @param vector the name of the input
 * @param gradient of the loss with respect to it
 * @param step how far to each side, in units of the vector's own numbers
 */
export async function slopeRatio(
  program: Program,
  feeds: Readonly<Record<string, TensorData>>,
  terms: readonly string[],
  vector: string,
  gradient: Float32Array,
  step: number,
): Promise<number> {
  const norm = Math.hypot(...gradient);
  const at = feeds[vector]!.data as Float32Array;
  const lossAt = async (distance: number): Promise<number> => {
    const moved = at.map((value, i) => value + (distance * gradient[i]!) / norm);
    const results = await program.run({ ...feeds, [vector]: float32(moved) });
    return terms.reduce((total, name) => total + (results[name]!.data as Float32Array)[0]!, 0);
  };
  return ((await lossAt(step)) - (await lossAt(-step))) / (2 * step * norm);
}
