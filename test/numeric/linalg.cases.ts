/** Cases of matrix products. */
import fc from "fast-check";
import { float, int, string } from "../../src/onnx/model.ts";
import type { CaseTable, NodeCase } from "./helper.ts";
import { seeds, valuesFrom } from "./values.ts";

const dim = fc.integer({ min: 1, max: 3 });

/** Vectors, matrices and stacks that broadcast. */
const matMul: fc.Arbitrary<NodeCase> = fc
  .record({
    m: dim,
    k: dim,
    n: dim,
    b: dim,
    seed: seeds,
    kind: fc.constantFrom("mm", "vm", "mv", "vv", "bm", "mb", "bb", "b1", "1b", "cb", "bc", "bv", "vb"),
  })
  .map(({ m, k, n, b, seed, kind }) => {
    const left: Record<string, number[]> = { m: [m, k], v: [k], b: [b, m, k], 1: [1, m, k], c: [2, b, m, k] };
    const right: Record<string, number[]> = {
      m: [k, n],
      v: [k],
      b: [b, k, n],
      1: [1, k, n],
      c: [2, 1, k, n],
    };
    return {
      inputs: [valuesFrom(seed, left[kind[0]!]!), valuesFrom(seed + 1, right[kind[1]!]!)],
      wrt: [0, 1],
    };
  });

const gemm: fc.Arbitrary<NodeCase> = fc
  .record({
    m: dim,
    k: dim,
    n: dim,
    seed: seeds,
    transA: fc.constantFrom(0, 1),
    transB: fc.constantFrom(0, 1),
    bias: fc.constantFrom("none", "scalar", "row", "column", "full"),
    isScaled: fc.boolean(),
  })
  .map(({ m, k, n, seed, transA, transB, bias, isScaled }) => {
    const shapes = { none: null, scalar: [], row: [n], column: [m, 1], full: [m, n] };
    const dims = shapes[bias];
    return {
      inputs: [
        valuesFrom(seed, transA ? [k, m] : [m, k]),
        valuesFrom(seed + 1, transB ? [n, k] : [k, n]),
        ...(dims === null ? [] : [valuesFrom(seed + 2, dims)]),
      ],
      wrt: dims === null ? [0, 1] : [0, 1, 2],
      attributes: {
        transA: int(transA),
        transB: int(transB),
        ...(isScaled ? { alpha: float(0.7), beta: float(1.3) } : {}),
      },
    };
  });

/** Equations with the shapes of their operands. */
const equations: readonly (readonly [string, number[][]])[] = [
  [
    "ij,jk->ik",
    [
      [2, 3],
      [3, 2],
    ],
  ],
  [
    "bhid,bhjd->bhij",
    [
      [2, 2, 3, 2],
      [2, 2, 2, 2],
    ],
  ],
  ["ij->ji", [[2, 3]]],
  ["ij->i", [[2, 3]]],
  ["ij->", [[2, 3]]],
  ["i,j->ij", [[2], [3]]],
  [
    "ij,ij->",
    [
      [2, 3],
      [2, 3],
    ],
  ],
  [
    "bij,jk",
    [
      [2, 2, 3],
      [3, 2],
    ],
  ],
  [
    "...ij,...jk->...ik",
    [
      [2, 2, 3],
      [2, 3, 2],
    ],
  ],
  ["b...d, d -> b...", [[2, 3, 2], [2]]],
  [
    "ab,bc,cd->ad",
    [
      [2, 3],
      [3, 2],
      [2, 2],
    ],
  ],
  [
    "ijk,ijl->ikl",
    [
      [2, 3, 2],
      [2, 3, 2],
    ],
  ],
  ["nchw,c->nhw", [[2, 3, 2, 1], [3]]],
  [
    "ij,jk->k",
    [
      [2, 3],
      [3, 2],
    ],
  ],
  ["bi,i->b", [[2, 3], [3]]],
];

const einsum: fc.Arbitrary<NodeCase> = fc.tuple(fc.constantFrom(...equations), seeds).map(
  ([[equation, shapes], seed]): NodeCase => ({
    inputs: shapes.map((dims, i) => valuesFrom(seed + i, dims)),
    wrt: shapes.map((_, i) => i),
    attributes: { equation: string(equation) },
  }),
);

/** Cases by operator. */
export const linalgCases: CaseTable = { MatMul: matMul, Gemm: gemm, Einsum: einsum };
