/** Cases of operators that move elements. */
import fc from "fast-check";
import { int, ints, string } from "../../src/onnx/model.ts";
import { float32, sizeOf } from "../../src/onnx/tensor-data.ts";
import type { CaseTable, NodeCase } from "./helper.ts";
import { list, oneAxis, scalarInt, seeds, shapes, someAxes, valuesFrom } from "./values.ts";

const reshape: fc.Arbitrary<NodeCase> = fc
  .tuple(shapes(1, 4), seeds, fc.constantFrom("flat", "open", "kept", "split"))
  .map(([dims, seed, kind]) => {
    const target = { flat: [sizeOf(dims)], open: [1, -1], kept: [0, -1], split: [...dims, 1] }[kind];
    return { inputs: [valuesFrom(seed, dims), list(target)], wrt: [0] };
  });

const flatten: fc.Arbitrary<NodeCase> = shapes(1, 4).chain((dims) =>
  fc
    .tuple(seeds, fc.integer({ min: -dims.length, max: dims.length }))
    .map(([seed, axis]) => ({ inputs: [valuesFrom(seed, dims)], wrt: [0], attributes: { axis: int(axis) } })),
);

const squeeze: fc.Arbitrary<NodeCase> = fc
  .tuple(seeds, fc.constantFrom([1, 2, 1, 3], [1, 1, 2]), fc.constantFrom([0], [0, -1], null))
  .filter(([, dims, axes]) => axes === null || axes.every((axis) => dims.at(axis) === 1))
  .map(([seed, dims, axes]) => ({
    inputs: [valuesFrom(seed, dims), ...(axes === null ? [] : [list(axes)])],
    wrt: [0],
  }));

const unsqueeze: fc.Arbitrary<NodeCase> = fc
  .tuple(seeds, shapes(0, 3), fc.constantFrom([0], [-1], [0, 1], [-1, 0]))
  .map(([seed, dims, axes]) => ({ inputs: [valuesFrom(seed, dims), list(axes)], wrt: [0] }));

const transpose: fc.Arbitrary<NodeCase> = shapes(1, 4).chain((dims) =>
  fc
    .tuple(
      seeds,
      fc.option(
        fc.shuffledSubarray(
          dims.map((_, i) => i),
          { minLength: dims.length },
        ),
      ),
    )
    .map(([seed, perm]) => ({
      inputs: [valuesFrom(seed, dims)],
      wrt: [0],
      attributes: perm === null ? {} : { perm: ints(perm) },
    })),
);

const concat: fc.Arbitrary<NodeCase> = shapes(1, 4).chain((dims) =>
  fc
    .tuple(
      seeds,
      oneAxis(dims.length),
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
    )
    .map(([seed, axis, sizes]) => {
      const along = axis < 0 ? axis + dims.length : axis;
      const inputs = sizes.map((size, k) =>
        valuesFrom(
          seed + k,
          dims.map((dim, i) => (i === along ? size : dim)),
        ),
      );
      return { inputs, wrt: inputs.map((_, i) => i), attributes: { axis: int(axis) } };
    }),
);

/** Into given sizes, or into parts of which the last may be smaller. Not every output need be used. */
const split: fc.Arbitrary<NodeCase> = fc
  .record({
    lead: shapes(0, 2),
    tail: shapes(0, 1),
    sizes: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
    kind: fc.constantFrom("sizes", "parts"),
    seed: seeds,
    usesOne: fc.boolean(),
  })
  .map(({ lead, tail, sizes, kind, seed, usesOne }): NodeCase => {
    const total =
      kind === "sizes" ? sizes.reduce((a, b) => a + b, 0) : 2 * sizes.length + (sizes.length > 1 ? 1 : 0);
    const outputs = kind === "sizes" ? sizes.length : Math.ceil(total / Math.ceil(total / sizes.length));
    return {
      inputs: [valuesFrom(seed, [...lead, total, ...tail]), ...(kind === "sizes" ? [list(sizes)] : [])],
      wrt: [0],
      outputs,
      attributes: { axis: int(lead.length), ...(kind === "parts" ? { num_outputs: int(outputs) } : {}) },
      ...(usesOne ? { lossOutputs: [outputs - 1] } : {}),
    };
  });

/** Starts and ends inside and outside of the axis, from either end, with steps of either sign. */
const slice: fc.Arbitrary<NodeCase> = shapes(1, 3, 6).chain((dims) =>
  someAxes(dims.length).chain((axes) =>
    fc
      .record({
        seed: seeds,
        ranges: fc.tuple(
          ...axes.map((axis) => {
            const size = dims.at(axis)!;
            return fc
              .record({
                first: fc.integer({ min: 0, max: size - 1 }),
                count: fc.integer({ min: 1, max: size }),
                step: fc.constantFrom(1, 1, 2, 3, -1, -2),
                isFromEnd: fc.boolean(),
                isFar: fc.boolean(),
              })
              .map(({ first, count, step, isFromEnd, isFar }) => {
                const far = step > 0 ? 2 ** 40 : -(2 ** 40);
                const last = first + Math.sign(step) * count;
                const end = isFar || last < 0 || last > size ? far : last;
                return { start: isFromEnd ? first - size : first, end, step };
              });
          }),
        ),
      })
      .map(({ seed, ranges }) => ({
        inputs: [
          valuesFrom(seed, dims),
          list(ranges.map((r) => r.start)),
          list(ranges.map((r) => r.end)),
          list(axes),
          list(ranges.map((r) => r.step)),
        ],
        wrt: [0],
      })),
  ),
);

/** Every mode; constant padding also crops; with and without the input that names the axes. */
const pad: fc.Arbitrary<NodeCase> = shapes(1, 3, 4, 2).chain((dims) =>
  fc
    .record({
      seed: seeds,
      axes: fc.option(someAxes(dims.length)),
      mode: fc.constantFrom("constant", "reflect", "edge", "wrap"),
      amounts: fc.array(fc.integer({ min: -1, max: 2 }), { minLength: 6, maxLength: 6 }),
    })
    .map(({ seed, axes, mode, amounts }) => {
      const named = axes ?? dims.map((_, i) => i);
      const sizes = named.map((axis) => dims.at(axis)!);
      const limit = (n: number, size: number): number =>
        mode === "constant" ? (size > 2 ? n : Math.max(n, 0)) : Math.min(Math.max(n, 0), size - 1);
      const before = sizes.map((size, i) => limit(amounts[i]!, size));
      const after = sizes.map((size, i) => limit(amounts[i + 3]!, size));
      return {
        inputs: [
          valuesFrom(seed, dims),
          list([...before, ...after]),
          float32([0.5], []),
          ...(axes === null ? [] : [list(axes)]),
        ],
        wrt: mode === "constant" ? [0, 2] : [0],
        attributes: { mode: string(mode) },
      };
    }),
);

const expand: fc.Arbitrary<NodeCase> = fc
  .tuple(seeds, shapes(1, 3), fc.constantFrom(1, 2), fc.boolean())
  .map(([seed, full, lead, isOne]) => {
    const dims = full.map((dim, i) => (i % 2 === (isOne ? 0 : 1) ? 1 : dim));
    return { inputs: [valuesFrom(seed, dims), list([lead, ...full])], wrt: [0] };
  });

const tile: fc.Arbitrary<NodeCase> = shapes(1, 3).chain((dims) =>
  fc
    .tuple(
      seeds,
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: dims.length, maxLength: dims.length }),
    )
    .map(([seed, repeats]) => ({ inputs: [valuesFrom(seed, dims), list(repeats)], wrt: [0] })),
);

const block = fc.record({ seed: seeds, size: fc.constantFrom(2, 3), c: fc.constantFrom(1, 2) });

const depthToSpace: fc.Arbitrary<NodeCase> = fc
  .tuple(block, fc.constantFrom({}, { mode: string("DCR") }, { mode: string("CRD") }))
  .map(([{ seed, size, c }, mode]) => ({
    inputs: [valuesFrom(seed, [1, c * size * size, 2, 1])],
    wrt: [0],
    attributes: { blocksize: int(size), ...mode },
  }));

const spaceToDepth: fc.Arbitrary<NodeCase> = block.map(({ seed, size, c }) => ({
  inputs: [valuesFrom(seed, [1, c, 2 * size, size])],
  wrt: [0],
  attributes: { blocksize: int(size) },
}));

const cumulativeSum: fc.Arbitrary<NodeCase> = shapes(1, 3, 4).chain((dims) =>
  fc
    .tuple(seeds, oneAxis(dims.length), fc.constantFrom(0, 1), fc.constantFrom(0, 1))
    .map(([seed, axis, exclusive, reverse]) => ({
      inputs: [valuesFrom(seed, dims), scalarInt(axis)],
      wrt: [0],
      attributes: { exclusive: int(exclusive), reverse: int(reverse) },
    })),
);

const triangle: fc.Arbitrary<NodeCase> = fc
  .tuple(shapes(2, 3, 4), seeds, fc.constantFrom(0, 1), fc.option(fc.integer({ min: -2, max: 2 })))
  .map(([dims, seed, upper, k]) => ({
    inputs: [valuesFrom(seed, dims), ...(k === null ? [] : [scalarInt(k)])],
    wrt: [0],
    attributes: { upper: int(upper) },
  }));

const centerCropPad: fc.Arbitrary<NodeCase> = fc.tuple(shapes(2, 3, 5), seeds).chain(([dims, seed]) =>
  someAxes(dims.length).chain((axes) =>
    fc
      .array(fc.integer({ min: 1, max: 6 }), { minLength: axes.length, maxLength: axes.length })
      .map((sizes) => ({
        inputs: [valuesFrom(seed, dims), list(sizes)],
        wrt: [0],
        attributes: { axes: ints(axes) },
      })),
  ),
);

/** Cases by operator. */
export const movementCases: CaseTable = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Expand: expand,
  Tile: tile,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  CumSum: cumulativeSum,
  Trilu: triangle,
  CenterCropPad: centerCropPad,
};
