/** Cases of operators that pick elements by index. */
import fc from "fast-check";
import { int, string } from "../../src/onnx/model.ts";
import { int64, sizeOf, type TensorData } from "../../src/onnx/tensor-data.ts";
import { createRandom } from "../../src/random.ts";
import type { CaseTable, NodeCase } from "./helper.ts";
import { distinctFrom, list, oneAxis, seeds, shapes, valuesFrom } from "./values.ts";

/** Whole numbers in [-size, size) from a seed. */
function indicesFrom(seed: number, dims: readonly number[], size: number): TensorData {
  const random = createRandom(seed);
  return int64(
    Array.from({ length: sizeOf(dims) }, () => random.integer(2 * size) - size),
    dims,
  );
}

const gather: fc.Arbitrary<NodeCase> = shapes(1, 3).chain((dims) =>
  fc.tuple(seeds, oneAxis(dims.length), shapes(0, 2)).map(([seed, axis, picked]) => ({
    inputs: [valuesFrom(seed, dims), indicesFrom(seed, picked, dims.at(axis)!)],
    wrt: [0],
    attributes: { axis: int(axis) },
  })),
);

const gatherElements: fc.Arbitrary<NodeCase> = shapes(1, 3).chain((dims) =>
  fc.tuple(seeds, oneAxis(dims.length), fc.integer({ min: 1, max: 4 })).map(([seed, axis, count]) => {
    const along = axis < 0 ? axis + dims.length : axis;
    const picked = dims.map((dim, i) => (i === along ? count : dim));
    return {
      inputs: [valuesFrom(seed, dims), indicesFrom(seed, picked, dims[along]!)],
      wrt: [0],
      attributes: { axis: int(axis) },
    };
  }),
);

/** Indices of the first `depth` axes after the batch, each inside of the smallest axis. */
const gatherNd: fc.Arbitrary<NodeCase> = fc
  .record({
    dims: shapes(2, 4),
    depth: fc.constantFrom(1, 2),
    batchDims: fc.constantFrom(0, 1),
    count: fc.constantFrom(1, 2, 3),
    seed: seeds,
  })
  .filter(({ dims, depth, batchDims }) => depth + batchDims <= dims.length)
  .map(({ dims, depth, batchDims, count, seed }) => ({
    inputs: [
      valuesFrom(seed, dims),
      indicesFrom(seed, [...dims.slice(0, batchDims), count, depth], Math.min(...dims)),
    ],
    wrt: [0],
    attributes: { batch_dims: int(batchDims) },
  }));

const reductions = fc.constantFrom({}, { reduction: string("add") });

/** Each row is a permutation: where one place gets two updates, the result would depend on their order. */
const scatterElements: fc.Arbitrary<NodeCase> = fc
  .tuple(seeds, reductions, fc.constantFrom(-1, 1))
  .map(([seed, reduction, axis]): NodeCase => {
    const random = createRandom(seed);
    const rows = [0, 1].flatMap(() => random.permutation(4).slice(0, 3));
    return {
      inputs: [valuesFrom(seed, [2, 4]), int64(rows, [2, 3]), valuesFrom(seed + 1, [2, 3])],
      wrt: [0, 2],
      attributes: { axis: int(axis), ...reduction },
    };
  });

const scatterNd: fc.Arbitrary<NodeCase> = fc
  .tuple(seeds, reductions, fc.boolean())
  .map(([seed, reduction, isFull]): NodeCase => {
    const rows = createRandom(seed).permutation(4).slice(0, 2);
    const places = isFull
      ? int64(
          rows.flatMap((row) => [row, 1]),
          [2, 2],
        )
      : int64(rows, [2, 1]);
    return {
      inputs: [valuesFrom(seed, [4, 3]), places, valuesFrom(seed + 1, isFull ? [2] : [2, 3])],
      wrt: [0, 2],
      attributes: reduction,
    };
  });

const topK: fc.Arbitrary<NodeCase> = shapes(1, 3, 4).chain((dims) =>
  fc
    .tuple(seeds, oneAxis(dims.length), fc.integer({ min: 1, max: 4 }), fc.constantFrom(0, 1))
    .map(([seed, axis, k, largest]) => ({
      inputs: [distinctFrom(seed, dims), list([Math.min(k, dims.at(axis)!)])],
      wrt: [0],
      attributes: { axis: int(axis), largest: int(largest) },
      outputs: 2,
    })),
);

/** The condition may be shorter than the axis. */
const compress: fc.Arbitrary<NodeCase> = fc.tuple(seeds, fc.constantFrom(0, 1, -1, null)).map(
  ([seed, axis]): NodeCase => ({
    inputs: [
      valuesFrom(seed, [3, 4]),
      { dtype: "bool", dims: [3], data: Uint8Array.of(1, seed % 2, 1 - (seed % 2)) },
    ],
    wrt: [0],
    attributes: axis === null ? {} : { axis: int(axis) },
  }),
);

const reverseSequence: fc.Arbitrary<NodeCase> = fc.tuple(seeds, fc.boolean()).map(
  ([seed, isTimeFirst]): NodeCase => ({
    inputs: [valuesFrom(seed, isTimeFirst ? [4, 3, 2] : [3, 4, 2]), list([2, 4, 1])],
    wrt: [0],
    attributes: { time_axis: int(isTimeFirst ? 0 : 1), batch_axis: int(isTimeFirst ? 1 : 0) },
  }),
);

/** Cases by operator. */
export const indexingCases: CaseTable = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherNd,
  ScatterElements: scatterElements,
  ScatterND: scatterNd,
  TopK: topK,
  Compress: compress,
  ReverseSequence: reverseSequence,
};
