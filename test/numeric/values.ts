/** Values to differentiate at, and how shapes and attributes are generated. */
import fc from "fast-check";
import { float32, int64, sizeOf, type TensorData } from "../../src/onnx/tensor-data.ts";
import { createRandom } from "../../src/random.ts";

/** Where values lie. */
export interface ValueOptions {
  readonly low?: number;
  readonly high?: number;
  /** Places that no value comes closer to than `clearance`: kinks, where a difference is no derivative. */
  readonly kinks?: readonly number[];
}

/** More than the two steps of a difference. */
const clearance = 0.05;

/** Uniform values from a seed. */
export function valuesFrom(
  seed: number,
  dims: readonly number[],
  { low = -1.5, high = 1.5, kinks = [] }: ValueOptions = {},
): TensorData {
  const random = createRandom(seed);
  const draw = (): number => {
    for (;;) {
      const value = low + (high - low) * random.uniform();
      if (kinks.every((kink) => Math.abs(value - kink) > clearance)) return value;
    }
  };
  return float32(Float32Array.from({ length: sizeOf(dims) }, draw), dims);
}

/** Values of which no two are closer than `clearance`: no step makes another one the largest. */
export function distinctFrom(seed: number, dims: readonly number[], low?: number): TensorData {
  const random = createRandom(seed);
  const size = sizeOf(dims);
  const start = low ?? (-size * clearance) / 2;
  return float32(
    random.permutation(size).map((i) => start + (i + 0.4) * clearance),
    dims,
  );
}

/** A seed for values. */
export const seeds: fc.Arbitrary<number> = fc.integer({ min: 0, max: 1e6 });

/** A shape; small, for every element is moved four times. */
export function shapes(minRank: number, maxRank: number, maxDim = 3, minDim = 1): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min: minDim, max: maxDim }), { minLength: minRank, maxLength: maxRank });
}

/** Values of a generated shape. */
export function tensors(
  shape: fc.Arbitrary<readonly number[]>,
  options?: ValueOptions,
): fc.Arbitrary<TensorData> {
  return fc.tuple(shape, seeds).map(([dims, seed]) => valuesFrom(seed, dims, options));
}

/** Two shapes that broadcast: either may lack leading axes or have 1 where the other does not. */
export const broadcasting: fc.Arbitrary<readonly [number[], number[]]> = shapes(1, 4).chain((full) =>
  fc
    .tuple(
      fc.array(fc.constantFrom("both", "a", "b"), { minLength: full.length, maxLength: full.length }),
      fc.integer({ min: 0, max: full.length }),
      fc.boolean(),
    )
    .map(([ones, dropped, swap]) => {
      const a = full.map((dim, i) => (ones[i] === "b" ? 1 : dim));
      const b = full.map((dim, i) => (ones[i] === "a" ? 1 : dim)).slice(dropped);
      return swap ? ([b, a] as const) : ([a, b] as const);
    }),
);

/** Some of the axes of a tensor of a rank, negative ones among them. */
export function someAxes(rank: number, min = 1): fc.Arbitrary<number[]> {
  return fc
    .subarray(
      Array.from({ length: rank }, (_, i) => i),
      { minLength: min },
    )
    .chain((axes) => fc.boolean().map((negative) => (negative ? axes.map((axis) => axis - rank) : axes)));
}

/** An axis of a tensor of a rank, counted from either end. */
export const oneAxis = (rank: number): fc.Arbitrary<number> => fc.integer({ min: -rank, max: rank - 1 });

/** A list of whole numbers as an operator takes it. */
export const list = (values: readonly number[]): TensorData => int64(values);
/** One whole number as an operator takes it. */
export const scalarInt = (value: number): TensorData => int64([value], []);
