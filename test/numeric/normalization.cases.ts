/** Cases of normalisations and softmax. */
import fc from "fast-check";
import { float, int } from "../../src/onnx/model.ts";
import { float32, sizeOf } from "../../src/onnx/tensor-data.ts";
import type { CaseTable, NodeCase } from "./helper.ts";
import { oneAxis, seeds, shapes, valuesFrom } from "./values.ts";

const epsilon = fc.constantFrom({}, { epsilon: float(0.01) });
const positive = { low: 0.5, high: 2 };

const inference: fc.Arbitrary<NodeCase> = fc
  .tuple(shapes(2, 5), seeds, epsilon)
  .map(([dims, seed, attributes]) => {
    const channels = [dims[1]!];
    return {
      inputs: [
        valuesFrom(seed, dims),
        valuesFrom(seed + 1, channels),
        valuesFrom(seed + 2, channels),
        valuesFrom(seed + 3, channels),
        valuesFrom(seed + 4, channels, positive),
      ],
      wrt: [0, 1, 2, 3, 4],
      attributes,
    };
  });

/** With momentum 0 the outputs 1 and 2 are the mean and variance of the batch, which nothing else reads here. */
const training: fc.Arbitrary<NodeCase> = fc
  .tuple(shapes(3, 4, 3, 2), seeds)
  .filter(([dims]) => sizeOf(dims) / dims[1]! >= 4)
  .map(([dims, seed]) => {
    const channels = [dims[1]!];
    return {
      inputs: [
        valuesFrom(seed, dims),
        valuesFrom(seed + 1, channels, positive),
        valuesFrom(seed + 2, channels),
        float32(channels.flatMap((n) => new Array<number>(n).fill(0))),
        float32(channels.flatMap((n) => new Array<number>(n).fill(1))),
      ],
      wrt: [0, 1, 2],
      attributes: { training_mode: int(1), momentum: float(0), epsilon: float(0.3) },
      outputs: 3,
      lossOutputs: [0],
    };
  });

/** Two values that happen to be close have a curvature that differences do not follow: the epsilon is a large one. */
const largeEpsilon = fc.constantFrom({ epsilon: float(0.2) }, { epsilon: float(0.5) });

const instance: fc.Arbitrary<NodeCase> = fc
  .tuple(shapes(3, 5, 3, 2), seeds, largeEpsilon)
  .filter(([dims]) => sizeOf(dims) <= 100)
  .map(([dims, seed, attributes]) => ({
    inputs: [valuesFrom(seed, dims), valuesFrom(seed + 1, [dims[1]!]), valuesFrom(seed + 2, [dims[1]!])],
    wrt: [0, 1, 2],
    attributes,
  }));

/** The epsilon that is not written down, over enough values. */
const layerByDefault: fc.Arbitrary<NodeCase> = seeds.map((seed) => ({
  inputs: [valuesFrom(seed, [2, 12]), valuesFrom(seed + 1, [12])],
  wrt: [0, 1],
}));
const instanceByDefault: fc.Arbitrary<NodeCase> = seeds.map((seed) => ({
  inputs: [valuesFrom(seed, [1, 2, 3, 4]), valuesFrom(seed + 1, [2]), valuesFrom(seed + 2, [2])],
  wrt: [0, 1, 2],
}));

const layer: fc.Arbitrary<NodeCase> = shapes(2, 4, 4, 2).chain((dims) =>
  fc.tuple(oneAxis(dims.length), seeds, fc.boolean(), largeEpsilon).map(([axis, seed, hasBias, given]) => {
    const over = dims.slice(axis);
    return {
      inputs: [
        valuesFrom(seed, dims),
        valuesFrom(seed + 1, over),
        ...(hasBias ? [valuesFrom(seed + 2, over)] : []),
      ],
      wrt: hasBias ? [0, 1, 2] : [0, 1],
      attributes: { axis: int(axis), ...given },
    };
  }),
);

/** Softmax over any axis. */
const softmax: fc.Arbitrary<NodeCase> = shapes(1, 4, 4).chain((dims) =>
  fc.tuple(oneAxis(dims.length), seeds).map(([axis, seed]) => ({
    inputs: [valuesFrom(seed, dims)],
    wrt: [0],
    attributes: { axis: int(axis) },
  })),
);

/** Vectors of one sign each, so that the norm keeps away from 0. */
const lp: fc.Arbitrary<NodeCase> = shapes(1, 4, 4).chain((dims) =>
  fc
    .tuple(oneAxis(dims.length), seeds, fc.constantFrom(1, 2), fc.boolean())
    .map(([axis, seed, p, isNegative]) => ({
      inputs: [valuesFrom(seed, dims, isNegative ? { low: -2, high: -0.5 } : positive)],
      wrt: [0],
      attributes: { axis: int(axis), p: int(p) },
    })),
);

const localResponse: fc.Arbitrary<NodeCase> = fc
  .record({
    channels: fc.integer({ min: 1, max: 6 }),
    // ONNX Runtime has odd sizes only.
    size: fc.constantFrom(1, 3, 5),
    seed: seeds,
    isStrong: fc.boolean(),
  })
  .map(({ channels, size, seed, isStrong }) => ({
    inputs: [valuesFrom(seed, [1, channels, 2, 2])],
    wrt: [0],
    attributes: {
      size: int(size),
      ...(isStrong ? { alpha: float(0.5), beta: float(0.6), bias: float(1.5) } : {}),
    },
  }));

/** Cases by operator. */
export const normalizationCases: CaseTable = {
  BatchNormalization: fc.oneof(inference, training),
  InstanceNormalization: fc.oneof(instance, instanceByDefault),
  LayerNormalization: fc.oneof(layer, layerByDefault),
  Softmax: softmax,
  LogSoftmax: softmax,
  LpNormalization: lp,
  LRN: localResponse,
};
