/** Cases of pools. */
import fc from "fast-check";
import { type Attributes, int, ints } from "../../src/onnx/model.ts";
import { int64, sizeOf } from "../../src/onnx/tensor-data.ts";
import type { CaseTable, NodeCase } from "./helper.ts";
import { distinctFrom, seeds, shapes, valuesFrom } from "./values.ts";
import { type WindowCase, type WindowLimits, windows } from "./windows.ts";

type Values = typeof distinctFrom;

/** Whether, rounded up, the last window would begin in the padding at the end: see src/models/ceil-mode.ts. */
function endsInPadding({ lengths, kernel, strides, dilations, attributes }: WindowCase): boolean {
  const pads = attributes.pads?.kind === "ints" ? attributes.pads.value : [...kernel, ...kernel].map(() => 0);
  return lengths.some((length, i) => {
    const padded = length + pads[i]! + pads[i + lengths.length]!;
    const last = Math.ceil((padded - dilations[i]! * (kernel[i]! - 1) - 1) / strides[i]!) * strides[i]!;
    return last >= length + pads[i]!;
  });
}

function pool(
  values: Values,
  attributes: fc.Arbitrary<Attributes>,
  limits?: WindowLimits,
): fc.Arbitrary<NodeCase> {
  return fc
    .record({ window: windows(limits), ceil: fc.constantFrom(0, 1), given: attributes, seed: seeds })
    .map(({ window, ceil, given, seed }) => ({
      inputs: [values(seed, [1, 2, ...window.lengths])],
      wrt: [0],
      attributes: { ...window.attributes, ceil_mode: int(endsInPadding(window) ? 0 : ceil), ...given },
    }));
}

/** ONNX Runtime refuses the negative pads that SAME comes to where a stride is longer than the kernel. */
const isRefused = ({ attributes = {}, inputs }: NodeCase): boolean => {
  const { auto_pad, kernel_shape, strides } = attributes;
  if (auto_pad?.kind !== "string" || kernel_shape?.kind !== "ints" || strides?.kind !== "ints") return false;
  const lengths = inputs[0]!.dims.slice(2);
  return (
    auto_pad.value.startsWith("SAME") &&
    lengths.some((length, i) => {
      const [kernel, stride] = [kernel_shape.value[i]!, strides.value[i]!];
      return (Math.ceil(length / stride) - 1) * stride + kernel < length;
    })
  );
};

/** Windows side by side, which have a gradient of their own. */
const tiledMaxPool: fc.Arbitrary<NodeCase> = fc
  .record({
    axes: fc.array(
      fc.record({ side: fc.integer({ min: 1, max: 3 }), count: fc.integer({ min: 1, max: 3 }) }),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
    outputs: fc.constantFrom(1, 2),
    seed: seeds,
  })
  .filter(({ axes }) => axes.reduce((size, { side, count }) => size * side * count, 1) <= 60)
  .map(({ axes, outputs, seed }) => {
    const sides = axes.map(({ side }) => side);
    return {
      inputs: [distinctFrom(seed, [1, 2, ...axes.map(({ side, count }) => side * count)])],
      wrt: [0],
      outputs,
      attributes: { kernel_shape: ints(sides), strides: ints(sides) },
    };
  });

const anyMaxPool = fc
  .tuple(pool(distinctFrom, fc.constantFrom({}, { storage_order: int(1) })), fc.constantFrom(1, 2))
  .map(([nodeCase, outputs]): NodeCase => ({ ...nodeCase, outputs }))
  .filter((nodeCase) => !isRefused(nodeCase));

/** Maxima of a 4 x 4 image of two channels put back to where they came from. */
const maxUnpool: fc.Arbitrary<NodeCase> = fc.tuple(seeds, fc.boolean()).map(([seed, isSized]) => {
  const places = [0, 3, 13, 10, 17, 18, 24, 31];
  const inputs = [valuesFrom(seed, [1, 2, 2, 2]), int64(places, [1, 2, 2, 2])];
  return {
    inputs: isSized ? [...inputs, int64([1, 2, 4, 4])] : inputs,
    wrt: [0],
    attributes: { kernel_shape: ints([2, 2]), strides: ints([2, 2]) },
  };
});

const positive: Values = (seed, dims) => valuesFrom(seed, dims, { low: 0.3, high: 2 });
const apart: Values = (seed, dims) => valuesFrom(seed, dims, { kinks: [0] });

function globalPool(values: Values, attributes: Attributes = {}): fc.Arbitrary<NodeCase> {
  return fc
    .tuple(shapes(3, 5), seeds)
    .filter(([dims]) => sizeOf(dims) <= 100)
    .map(([dims, seed]) => ({ inputs: [values(seed, dims)], wrt: [0], attributes }));
}

const powers = fc.constantFrom({}, { p: int(1) }, { p: int(2) }, { p: int(3) });

/** Cases by operator. */
export const poolingCases: CaseTable = {
  MaxPool: fc.oneof(anyMaxPool, tiledMaxPool),
  MaxUnpool: maxUnpool,
  AveragePool: pool(
    (seed, dims) => valuesFrom(seed, dims),
    fc.constantFrom({}, { count_include_pad: int(1) }),
  ),
  LpPool: pool(positive, powers),
  GlobalAveragePool: globalPool((seed, dims) => valuesFrom(seed, dims)),
  GlobalMaxPool: globalPool(distinctFrom),
  GlobalLpPool: fc.oneof(
    globalPool(apart, { p: int(1) }),
    globalPool(positive),
    globalPool(positive, { p: int(3) }),
  ),
};
