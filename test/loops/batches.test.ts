import { expect, test } from "vitest";
import { batchAt, coveringBatches, pixelsOf, rowsOf } from "../../src/loops/batches.ts";
import { createRandom } from "../../src/random.ts";
import { someImages } from "../support/identification.ts";

const batches = (from: number, to: number, count: number, batch: number, seed = 5): number[][] => {
  const random = createRandom(seed);
  return Array.from({ length: to - from }, (_, i) => [...batchAt(from + i, count, batch, random)]);
};
const sorted = (values: number[]): number[] => values.toSorted((a, b) => a - b);

test("an epoch has every image once, and each epoch another order", () => {
  const epochs = [0, 1, 2].map((epoch) => batches(4 * epoch, 4 * epoch + 4, 20, 5).flat());
  for (const epoch of epochs) expect(sorted(epoch)).toEqual([...Array(20).keys()]);
  expect(new Set(epochs.map(String)).size).toBe(3);
});

test("a last short batch is left out: no image comes twice in an epoch", () => {
  const epoch = batches(0, 3, 17, 5).flat();
  expect(new Set(epoch).size).toBe(15);
  expect(new Set([0, 1, 2, 3, 4, 5].flatMap((k) => batches(3 * k, 3 * k + 3, 17, 5)).flat()).size).toBe(17);
});

test("a run that begins in the middle sees the batches of one that ran straight through", () => {
  const straight = batches(0, 23, 17, 4);
  for (const start of [1, 4, 9, 22]) expect(batches(start, 23, 17, 4)).toEqual(straight.slice(start));
  expect(batches(0, 23, 17, 4, 6)).not.toEqual(straight);
});

test("one stream may serve sets of several sizes", () => {
  const random = createRandom(5);
  const first = [...batchAt(0, 6, 6, random)];
  expect(sorted([...batchAt(0, 9, 9, random)])).toEqual([...Array(9).keys()]);
  expect([...batchAt(0, 6, 6, random)]).toEqual(first);
});

test("covering batches count each image once, and fill up the last", () => {
  expect(coveringBatches(7, 3)).toEqual([
    { indices: [0, 1, 2], used: 3 },
    { indices: [3, 4, 5], used: 3 },
    { indices: [6, 0, 1], used: 1 },
  ]);
  expect(coveringBatches(2, 5)).toEqual([{ indices: [0, 1, 0, 1, 0], used: 2 }]);
  expect(coveringBatches(4, 2)).toHaveLength(2);
});

test("rows and pixels are those of the indices", () => {
  const source = Float32Array.of(0, 1, 2, 3, 4, 5);
  expect(rowsOf(source, [1, 2], [2, 0, 2])).toEqual({
    dtype: "float32",
    dims: [3, 1, 2],
    data: Float32Array.of(4, 5, 0, 1, 4, 5),
  });
  const set = someImages(3, 2);
  expect(pixelsOf(set, [1])).toEqual({
    dtype: "float32",
    dims: [1, 3, 2, 2],
    data: set.pixels.slice(12, 24),
  });
});
