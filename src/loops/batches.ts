/** Batches of a set of images, as a function of the step alone, so that a resumed run sees the same ones. */
import type { ImageSet } from "../data/image-set.ts";
import { float32, type TensorData } from "../onnx/tensor-data.ts";
import type { Random } from "../random.ts";

/**
 * The images of one step: each epoch is a new permutation, its last short batch is dropped, since a variance over
 * few images says little.
 *
 * @param step from 0
 */
export function batchAt(step: number, count: number, batch: number, random: Random): readonly number[] {
  const perEpoch = Math.max(1, Math.floor(count / batch));
  const epoch = Math.floor(step / perEpoch);
  const order = epochOrder(random, epoch, count);
  const start = (step % perEpoch) * batch;
  return Array.from({ length: batch }, (_, i) => order[(start + i) % count]!);
}

const lastOrder = new WeakMap<Random, { epoch: number; count: number; order: number[] }>();

function epochOrder(random: Random, epoch: number, count: number): number[] {
  const known = lastOrder.get(random);
  if (known?.epoch === epoch && known.count === count) return known.order;
  const order = random.fork(`epoch ${epoch}`).permutation(count);
  lastOrder.set(random, { epoch, count, order });
  return order;
}

/** Rows of an array whose first axis is images, by index: [indices.length, ...]. */
export function rowsOf(
  source: Float32Array,
  rowShape: readonly number[],
  indices: readonly number[],
): TensorData {
  const size = rowShape.reduce((a, b) => a * b, 1);
  const data = new Float32Array(indices.length * size);
  indices.forEach((index, i) => {
    data.set(source.subarray(index * size, (index + 1) * size), i * size);
  });
  return float32(data, [indices.length, ...rowShape]);
}

/** Pixels of some images of a set, [indices.length, C, H, W]. */
export function pixelsOf(set: Pick<ImageSet, "pixels" | "shape">, indices: readonly number[]): TensorData {
  return rowsOf(set.pixels, set.shape.slice(1), indices);
}

/**
 * All images in batches of a fixed size; the last is filled up with images from the start, which the caller ignores.
 *
 * @returns for each batch its indices and how many of them count
 */
export function coveringBatches(count: number, batch: number): { indices: number[]; used: number }[] {
  return Array.from({ length: Math.ceil(count / batch) }, (_, k) => ({
    indices: Array.from({ length: batch }, (_, i) => (k * batch + i) % count),
    used: Math.min(batch, count - k * batch),
  }));
}

/**
 * Runs something over all images in batches of a fixed size, and puts together what it gives for them.
 *
 * @param run gets the indices of a batch, the first of which is `first`; gives arrays by name, each with as many numbers for
 * every image of the batch
 * @returns the arrays over all images, in their order
 */
export async function collectRows<Name extends string>(
  count: number,
  batch: number,
  run: (indices: readonly number[], first: number) => Promise<Readonly<Record<Name, Float32Array>>>,
): Promise<Record<Name, Float32Array>> {
  const all = {} as Record<Name, Float32Array>;
  let first = 0;
  for (const { indices, used } of coveringBatches(count, batch)) {
    const results = await run(indices, first);
    for (const name of Object.keys(results) as Name[]) {
      const rows = results[name];
      const size = rows.length / batch;
      all[name] ??= new Float32Array(count * size);
      all[name].set(rows.subarray(0, used * size), first * size);
    }
    first += used;
  }
  return all;
}
