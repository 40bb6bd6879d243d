/** Gradients of operators that move elements: each gradient moves them back. */
import { getInt, getInts, getString } from "../../onnx/model.ts";
import { float32, sizeOf, toNumbers, zeros } from "../../onnx/tensor-data.ts";
import { addAll, mul } from "../../tensor/elementwise.ts";
import { constantOf, type GraphNode, type Tensor } from "../../tensor/graph.ts";
import { concat, flip, pad, reshape, resolveRange, slice, take, transpose } from "../../tensor/movement.ts";
import { sum, sumTo } from "../../tensor/reduction.ts";
import { inversePermutation, normalizeAxis, range } from "../../tensor/shape.ts";
import type { GradientRule, RuleTable } from "../rule.ts";

/** The same elements in another shape: Reshape, Flatten, Squeeze, Unsqueeze. */
const reshaping: GradientRule = ({ x, dy }) => [reshape(dy, x[0]!.shape)];

const transposition: GradientRule = ({ node, x, dy }) => {
  const reversed = range(x[0]!.shape.length).reverse();
  return [transpose(dy, inversePermutation(getInts(node, "perm", reversed)))];
};

const concatenation: GradientRule = ({ node, x, dy, wants }) => {
  const axis = normalizeAxis(getInt(node, "axis", 0), dy.shape.length);
  let start = 0;
  return x.map((input, i) => {
    const end = start + input!.shape[axis]!;
    const part = wants(i) ? slice(dy, [{ axis, start, end }]) : null;
    start = end;
    return part;
  });
};

const splitting: GradientRule = ({ node, x, y, dys }) => {
  const axis = normalizeAxis(getInt(node, "axis", 0), x[0]!.shape.length);
  const parts = dys.map((dy, i) => dy ?? x[0]!.graph.constant(zeros("float32", y[i]!.shape)));
  return [concat(parts, axis)];
};

/** A slice's gradient is dY with zeros where nothing was taken: between steps, before and after. */
const slicing: GradientRule = ({ node, x, dy }) => {
  const input = x[0]!;
  const numbers = (i: number, what: string): number[] | null =>
    x[i] ? toNumbers(constantOf(x[i], `the ${what} of ${node.name}`)) : null;
  const starts = numbers(1, "starts")!;
  const ends = numbers(2, "ends")!;
  const axes = numbers(3, "axes") ?? range(starts.length);
  const steps = numbers(4, "steps") ?? starts.map(() => 1);
  let gradient = dy;
  axes.forEach((given, i) => {
    const axis = normalizeAxis(given, input.shape.length);
    const size = input.shape[axis]!;
    const step = steps[i]!;
    const [first, , count] = resolveRange({ start: starts[i]!, end: ends[i]!, step }, size);
    gradient = spread(
      gradient,
      axis,
      step < 0 ? first + (count - 1) * step : first,
      Math.abs(step),
      size,
      step < 0,
    );
  });
  return [gradient];
};

/** Puts the elements of an axis `step` apart, the first at `start`, in an axis of zeros of a given size. */
function spread(
  dy: Tensor,
  axis: number,
  start: number,
  step: number,
  size: number,
  reversed: boolean,
): Tensor {
  const count = dy.shape[axis]!;
  const ordered = reversed ? flip(dy, [axis]) : dy;
  const at = (shape: readonly number[], place: number, value: number): number[] =>
    shape.map((_, i) => (i === place ? value : 0));
  let apart = ordered;
  if (step > 1 && count > 1) {
    const split = [...dy.shape.slice(0, axis + 1), 1, ...dy.shape.slice(axis + 1)];
    const gaps = pad(
      reshape(ordered, split),
      split.map(() => 0),
      at(split, axis + 1, step - 1),
    );
    apart = reshape(
      gaps,
      dy.shape.map((dim, i) => (i === axis ? dim * step : dim)),
    );
  }
  const after = size - start - apart.shape[axis]!;
  return pad(apart, at(dy.shape, axis, start), at(dy.shape, axis, after));
}

/** Constant padding is cropped; reflected, repeated and wrapped elements give their gradients back to their source. */
const padding: GradientRule = ({ node, x, dy, wants }) => {
  const input = x[0]!;
  const rank = input.shape.length;
  const pads = toNumbers(constantOf(x[1], `the pads of ${node.name}`));
  const axes = x[3] ? toNumbers(constantOf(x[3], `the axes of ${node.name}`)) : range(rank);
  const before = new Array<number>(rank).fill(0);
  const after = new Array<number>(rank).fill(0);
  axes.forEach((axis, i) => {
    before[normalizeAxis(axis, rank)] = pads[i]!;
    after[normalizeAxis(axis, rank)] = pads[i + axes.length]!;
  });
  const mode = getString(node, "mode", "constant");
  if (mode === "constant") {
    const inside = pad(
      dy,
      before.map((n) => -n),
      after.map((n) => -n),
    );
    return [inside, null, wants(2) ? fillGradient(dy, before, after) : null];
  }
  let gradient = dy;
  for (const axis of range(rank)) {
    if (before[axis] === 0 && after[axis] === 0) continue;
    gradient = foldPadding(gradient, axis, input.shape[axis]!, before[axis]!, after[axis]!, mode);
  }
  return [gradient, null, null];
};

/** The value that fills gets the gradients of all that it filled. */
function fillGradient(dy: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  const isFilled = new Float32Array(sizeOf(dy.shape));
  for (let i = 0; i < isFilled.length; i++) {
    let rest = i;
    for (let axis = dy.shape.length - 1; axis >= 0; axis--) {
      const place = rest % dy.shape[axis]!;
      rest = Math.floor(rest / dy.shape[axis]!);
      if (place < before[axis]! || place >= dy.shape[axis]! - after[axis]!) isFilled[i] = 1;
    }
  }
  return sum(mul(dy, dy.graph.constant(float32(isFilled, dy.shape))));
}

function foldPadding(
  dy: Tensor,
  axis: number,
  size: number,
  before: number,
  after: number,
  mode: string,
): Tensor {
  const source = (i: number): number => {
    if (mode === "edge") return Math.min(Math.max(i, 0), size - 1);
    if (mode === "wrap") return ((i % size) + size) % size;
    const period = Math.max(1, 2 * (size - 1));
    const phase = ((i % period) + period) % period;
    return phase < size ? phase : period - phase;
  };
  // As many gathers as one element has copies: a sum of permutations, with an index past the end for "none".
  const copies = range(size).map(() => [] as number[]);
  for (let i = -before; i < size + after; i++) copies[source(i)]!.push(i + before);
  const depth = Math.max(...copies.map((places) => places.length));
  const none = dy.shape[axis]!;
  const zero = dy.shape.map(() => 0);
  const padded = pad(
    dy,
    zero,
    zero.map((_, i) => (i === axis ? 1 : 0)),
  );
  return addAll(
    range(depth).map((k) =>
      take(
        padded,
        copies.map((places) => places[k] ?? none),
        axis,
      ),
    ),
  );
}

const tiling: GradientRule = ({ node, x, dy }) => {
  const input = x[0]!;
  const repeats = toNumbers(constantOf(x[1], `the repeats of ${node.name}`));
  const split = input.shape.flatMap((dim, i) => [repeats[i]!, dim]);
  return [reshape(sum(reshape(dy, split), { axes: repeats.map((_, i) => 2 * i) }), input.shape)];
};

/** DepthToSpace and SpaceToDepth are permutations: each is undone by its opposite. */
function rearranging(opposite: "DepthToSpace" | "SpaceToDepth"): GradientRule {
  return ({ node, x, dy }) => {
    const isColumnRowDepth = getString(node, "mode", "DCR") === "CRD";
    if (opposite === "SpaceToDepth" && isColumnRowDepth) return [spaceToDepthCrd(dy, blocksize(node))];
    const { mode: _, ...attributes } = node.attributes;
    return [dy.graph.emit(opposite, [dy], [{ shape: x[0]!.shape }], attributes)[0]!];
  };
}

const blocksize = (node: GraphNode): number => getInt(node, "blocksize", 1);

function spaceToDepthCrd(dy: Tensor, block: number): Tensor {
  const [n, c, h, w] = dy.shape as [number, number, number, number];
  const split = reshape(dy, [n, c, h / block, block, w / block, block]);
  return reshape(transpose(split, [0, 1, 3, 5, 2, 4]), [n, c * block * block, h / block, w / block]);
}

/** A running sum, backwards: dx_i is the sum of the dy that x_i went into. */
const cumulativeSum: GradientRule = ({ node, dy, x }) => {
  const flags = { exclusive: getInt(node, "exclusive", 0), reverse: getInt(node, "reverse", 0) };
  return [
    dy.graph.emit("CumSum", [dy, x[1]!], [{ shape: dy.shape }], {
      exclusive: { kind: "int", value: flags.exclusive },
      reverse: { kind: "int", value: 1 - flags.reverse },
    })[0]!,
    null,
  ];
};

/** The triangle that was kept keeps its gradient. */
const triangle: GradientRule = ({ node, x, dy }) => {
  const inputs = x[1] ? [dy, x[1]] : [dy];
  return [dy.graph.emit("Trilu", inputs, [{ shape: dy.shape }], node.attributes)[0]!, null];
};

/** Cropped or padded to a size around the centre; where one element is left over, it is at the end. */
const centering: GradientRule = ({ x, dy }) => {
  const input = x[0]!;
  const before = input.shape.map((size, i) => {
    const grown = dy.shape[i]! - size;
    return grown >= 0 ? -Math.floor(grown / 2) : Math.floor(-grown / 2);
  });
  const after = input.shape.map((size, i) => size - dy.shape[i]! - before[i]!);
  return [pad(dy, before, after), null];
};

/** Rules of movement. */
export const movement: RuleTable = {
  Reshape: reshaping,
  Flatten: reshaping,
  Squeeze: reshaping,
  Unsqueeze: reshaping,
  Transpose: transposition,
  Concat: concatenation,
  Split: splitting,
  Slice: slicing,
  Pad: padding,
  Expand: ({ x, dy }) => [sumTo(dy, x[0]!.shape)],
  Tile: tiling,
  DepthToSpace: rearranging("SpaceToDepth"),
  SpaceToDepth: rearranging("DepthToSpace"),
  CumSum: cumulativeSum,
  Trilu: triangle,
  CenterCropPad: centering,
};
