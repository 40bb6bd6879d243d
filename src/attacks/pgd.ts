/** Projected gradient ascent (Madry et al. 2018) against a regression model: small changes that spoil its output. */
import { grad } from "../autodiff/grad.ts";
import type { ImageSet } from "../data/image-set.ts";
import { DrmGuardError } from "../errors.ts";
import { collectRows, rowsOf } from "../loops/batches.ts";
import { compile } from "../runtime/compile.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { abs, add, clip, maximum, minimum, mul, sign, sub } from "../tensor/elementwise.ts";
import { Graph, type Tensor } from "../tensor/graph.ts";
import { sum } from "../tensor/reduction.ts";

/** Settings of the ascent. */
export interface PgdOptions {
  /** The largest change of a value, in units of [0, 1]. */
  readonly epsilon: number;
  /** The change of a value in one step. */
  readonly stepSize: number;
  readonly steps: number;
}

/**
 * Reading: the paper gives none of them; the bound and the step are those that clean-label attacks are commonly made
 * with, and 40 steps, which go 7 times as far as the bound is.
 */
export const pgdDefaults: PgdOptions = { epsilon: 8 / 255, stepSize: 1.5 / 255, steps: 40 };

/** Adds a model to a program: [N, C, H, W] in [0, 1] to outputs [N, d]. */
export type Surrogate = (image: Tensor) => Tensor;

/**
 * Images x' with max_x' |f(x') - y|_1 subject to |x' - x|_inf <= epsilon, by steps of the gradient's sign from x.
 *
 * Throws E_LABELS when the set has no labels.
 *
 * @param surrogate f
 * @param rows which images of the set
 * @param batch images in one run
 * @returns [rows.length, C, H, W] in [0, 1]
 */
export async function perturb(
  runtime: Runtime,
  surrogate: Surrogate,
  set: ImageSet,
  rows: readonly number[],
  batch: number,
  { epsilon, stepSize, steps }: PgdOptions = pgdDefaults,
): Promise<Float32Array> {
  const { labels, pixels, shape } = set;
  if (labels === null) throw new DrmGuardError("E_LABELS", "found no labels, expected images with labels");
  if (rows.length === 0) return new Float32Array(0);
  const [count, ...imageShape] = shape;
  const dimension = labels.length / count;
  const graph = new Graph();
  const image = graph.input("image", [batch, ...imageShape]);
  const clean = graph.input("clean", [batch, ...imageShape]);
  const label = graph.input("label", [batch, dimension]);
  const [gradient] = grad(sum(abs(sub(surrogate(image), label))), [image], runtime) as [Tensor];
  const moved = add(image, mul(sign(gradient), stepSize));
  const near = minimum(maximum(moved, sub(clean, epsilon)), add(clean, epsilon));
  const program = await compile(runtime, { next: clip(near, 0, 1) });
  try {
    const all = await collectRows(rows.length, batch, async (indices) => {
      const own = indices.map((i) => rows[i]!);
      const start = rowsOf(pixels, imageShape, own);
      const fixed = { clean: start, label: rowsOf(labels, [dimension], own) };
      let current = start;
      for (let step = 0; step < steps; step++) {
        current = (await program.run({ ...fixed, image: current })).next!;
      }
      return { images: current.data as Float32Array };
    });
    return all.images;
  } finally {
    await program.release();
  }
}
