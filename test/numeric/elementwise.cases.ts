/** Cases of operators that work on each element alone. */
import fc from "fast-check";
import { type Attributes, float, int, string } from "../../src/onnx/model.ts";
import { float32, int64, type TensorData } from "../../src/onnx/tensor-data.ts";
import type { CaseTable, NodeCase } from "./helper.ts";
import {
  broadcasting,
  distinctFrom,
  seeds,
  shapes,
  tensors,
  type ValueOptions,
  valuesFrom,
} from "./values.ts";

const shape = shapes(0, 4);

/** An operator of one tensor. */
function unary(
  options: ValueOptions = {},
  attributes: fc.Arbitrary<Attributes> = fc.constant({}),
): fc.Arbitrary<NodeCase> {
  return fc
    .tuple(tensors(shape, options), attributes)
    .map(([x, given]) => ({ inputs: [x], wrt: [0], attributes: given }));
}

/** An operator of two tensors that broadcast. */
function binary(
  a: ValueOptions = {},
  b: ValueOptions = {},
  attributes: Attributes = {},
): fc.Arbitrary<NodeCase> {
  return fc.tuple(broadcasting, seeds).map(([[left, right], seed]) => ({
    inputs: [valuesFrom(seed, left, a), valuesFrom(seed + 1, right, b)],
    wrt: [0, 1],
    attributes,
  }));
}

/** One to three tensors that broadcast, with values far from each other. */
const several: fc.Arbitrary<NodeCase> = fc
  .tuple(broadcasting, seeds, fc.boolean(), fc.boolean())
  .map(([[a, b], seed, isOne, isThree]) => {
    const values = distinctFrom(seed, [200]).data as Float32Array;
    const dims = isOne ? [a] : isThree ? [a, b, [1]] : [a, b];
    let start = 0;
    const inputs = dims.map((d) => {
      const size = d.reduce((m, n) => m * n, 1);
      start += size;
      return float32(values.slice(start - size, start), d);
    });
    return { inputs, wrt: inputs.map((_, i) => i) };
  });

const positive: ValueOptions = { low: 0.3, high: 2 };
const apart: ValueOptions = { low: -2, high: 2, kinks: [0] };
const kinkAt = (...kinks: number[]): ValueOptions => ({ low: -4, high: 4, kinks });
const alpha = (value: number): fc.Arbitrary<Attributes> => fc.constantFrom({}, { alpha: float(value) });

/** The exponent is a tensor, a constant, a constant with zeros, or a whole number. */
const power: fc.Arbitrary<NodeCase> = fc.oneof(
  binary(positive, { low: -2, high: 3 }),
  tensors(shape, apart).map((x) => ({ inputs: [x, float32([2], [])], wrt: [0] })),
  tensors(shape, positive).map((x) => ({ inputs: [x, float32([0.5])], wrt: [0] })),
  tensors(fc.constant([2, 3]), positive).map((x) => ({ inputs: [x, float32([0, 1, 3])], wrt: [0] })),
  tensors(shape, apart).map((x) => ({ inputs: [x, int64([3], [])], wrt: [0] })),
);

const where: fc.Arbitrary<NodeCase> = fc.tuple(broadcasting, seeds).map(([[a, b], seed]) => {
  const condition: TensorData = {
    dtype: "bool",
    dims: a,
    data: Uint8Array.from(valuesFrom(seed, a).data as Float32Array, (v) => (v > 0 ? 1 : 0)),
  };
  return { inputs: [condition, valuesFrom(seed + 1, b), valuesFrom(seed + 2, [1])], wrt: [1, 2] };
});

const prelu: fc.Arbitrary<NodeCase> = fc
  .tuple(shapes(2, 4), seeds, fc.boolean())
  .map(([dims, seed, isPerChannel]) => {
    const slope = isPerChannel ? [dims[1]!, ...dims.slice(2).map(() => 1)] : [1];
    return { inputs: [valuesFrom(seed, dims, apart), valuesFrom(seed + 1, slope)], wrt: [0, 1] };
  });

const clip: fc.Arbitrary<NodeCase> = fc
  .tuple(tensors(shape, kinkAt(-1, 1)), fc.boolean(), fc.boolean())
  .map(([x, hasLow, hasHigh]) => ({
    inputs: [x, hasLow ? float32([-1], []) : null, ...(hasHigh ? [float32([1], [])] : [])],
    wrt: [0, ...(hasLow ? [1] : []), ...(hasHigh ? [2] : [])],
  }));

/** Cases by operator. */
export const elementwiseCases: CaseTable = {
  Add: binary(),
  Sub: binary(),
  Mul: binary(),
  Div: binary({}, { low: 0.5, high: 2 }),
  // The quotient keeps its distance from whole numbers, where Mod jumps.
  Mod: fc.tuple(shape, seeds, fc.constantFrom(-1, 1)).map(([dims, seed, sign]) => ({
    inputs: [
      valuesFrom(seed, dims, { low: sign < 0 ? -2.7 : 2.3, high: sign < 0 ? -2.3 : 2.7 }),
      float32([1]),
    ],
    wrt: [0, 1],
    attributes: { fmod: int(1) },
  })),
  Pow: power,
  Sum: several,
  Mean: several,
  Min: several,
  Max: several,
  Where: where,
  PRelu: prelu,
  Identity: unary(),
  Cast: unary({}, fc.constant({ to: int(1) })),
  CastLike: tensors(shape).map((x) => ({ inputs: [x, float32([0])], wrt: [0] })),
  Neg: unary(),
  Abs: unary(apart),
  Reciprocal: unary({ low: 0.5, high: 2 }),
  Exp: unary(),
  Log: unary({ low: 0.5, high: 2 }),
  Sqrt: unary(positive),
  Erf: unary(),
  Sin: unary(),
  Cos: unary(),
  Tan: unary({ low: -1, high: 1 }),
  Asin: unary({ low: -0.8, high: 0.8 }),
  Acos: unary({ low: -0.8, high: 0.8 }),
  Atan: unary(),
  Sinh: unary(),
  Cosh: unary(),
  Asinh: unary(),
  Acosh: unary({ low: 1.4, high: 3 }),
  Atanh: unary({ low: -0.8, high: 0.8 }),
  Relu: unary(kinkAt(0)),
  Sigmoid: unary(),
  Tanh: unary(),
  Softplus: unary(),
  Softsign: unary(apart),
  LeakyRelu: unary(kinkAt(0), alpha(0.3)),
  Elu: unary(kinkAt(0), alpha(0.7)),
  Celu: unary(kinkAt(0), alpha(0.7)),
  Selu: unary(kinkAt(0), fc.constantFrom({}, { alpha: float(1.2), gamma: float(0.9) })),
  ThresholdedRelu: fc.oneof(unary(kinkAt(1)), unary(kinkAt(0.4), fc.constant({ alpha: float(0.4) }))),
  Shrink: fc.oneof(
    unary(kinkAt(-0.5, 0.5)),
    unary(kinkAt(-1, 1), fc.constant({ lambd: float(1), bias: float(0.5) })),
  ),
  HardSigmoid: fc.oneof(
    unary(kinkAt(-2.5, 2.5)),
    unary(kinkAt(-3, 1), fc.constant({ alpha: float(0.25), beta: float(0.75) })),
  ),
  HardSwish: unary(kinkAt(-3, 3)),
  Clip: clip,
  Gelu: unary({ low: -3, high: 3 }, fc.constantFrom({}, { approximate: string("tanh") })),
  Mish: unary({ low: -3, high: 3 }),
};
