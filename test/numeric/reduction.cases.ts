/** Cases of reductions. */
import fc from "fast-check";
import { int } from "../../src/onnx/model.ts";
import { float32, type TensorData } from "../../src/onnx/tensor-data.ts";
import type { CaseTable, NodeCase } from "./helper.ts";
import { distinctFrom, list, seeds, shapes, someAxes, type ValueOptions, valuesFrom } from "./values.ts";

/** A reduction over some axes, over all of them when none are given, or over none when the node says so. */
function reducing(values: (seed: number, dims: readonly number[]) => TensorData): fc.Arbitrary<NodeCase> {
  return shapes(1, 4).chain((dims) =>
    fc
      .record({
        seed: seeds,
        axes: fc.option(someAxes(dims.length)),
        keepDims: fc.constantFrom(0, 1),
        noop: fc.boolean(),
      })
      .map(({ seed, axes, keepDims, noop }) => ({
        inputs: [values(seed, dims), ...(axes === null ? (noop ? [list([])] : []) : [list(axes)])],
        wrt: [0],
        attributes: { keepdims: int(keepDims), noop_with_empty_axes: int(noop ? 1 : 0) },
      })),
  );
}

const within =
  (options: ValueOptions) =>
  (seed: number, dims: readonly number[]): TensorData =>
    valuesFrom(seed, dims, options);

/** Among the factors are none, one or several zeros. */
const factors = (seed: number, dims: readonly number[]): TensorData => {
  const { data } = valuesFrom(seed, dims, { low: 0.5, high: 1.5 });
  return float32(
    Array.from(data as Float32Array, (value, i) => ((seed + i * 7) % 5 === 0 ? 0 : value)),
    dims,
  );
};

const apart = within({ kinks: [0] });
const positive = within({ low: 0.3, high: 2 });

/** Cases by operator. */
export const reductionCases: CaseTable = {
  ReduceSum: reducing(within({})),
  ReduceMean: reducing(within({})),
  ReduceMax: reducing(distinctFrom),
  ReduceMin: reducing(distinctFrom),
  ReduceProd: reducing(factors),
  ReduceL1: reducing(apart),
  ReduceL2: reducing(within({ low: 0.4, high: 2 })),
  ReduceSumSquare: reducing(within({})),
  ReduceLogSum: reducing(positive),
  ReduceLogSumExp: reducing(within({})),
};
