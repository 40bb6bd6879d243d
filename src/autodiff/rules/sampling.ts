/** Gradients of sampling at computed places: spatial transformers. */
import { getInt, getString } from "../../onnx/model.ts";
import { float32, sizeOf, type TensorData } from "../../onnx/tensor-data.ts";
import {
  abs,
  add,
  addAll,
  and,
  cast,
  clip,
  div,
  floor,
  greater,
  greaterOrEqual,
  less,
  lessOrEqual,
  mul,
  round,
  scalarLike,
  sign,
  sub,
  where,
} from "../../tensor/elementwise.ts";
import type { GraphNode, Tensor } from "../../tensor/graph.ts";
import { gatherRows, scatterRows } from "../../tensor/indexing.ts";
import { matmul, matrixTranspose } from "../../tensor/linalg.ts";
import { concat, reshape, slice, transpose } from "../../tensor/movement.ts";
import { sum } from "../../tensor/reduction.ts";
import type { GradientRule, RuleTable } from "../rule.ts";

/** One of the pixels that a sample is made of, along one axis. All tensors are [samples]. */
interface Tap {
  /** Its index along the axis, int64; clamped where it falls outside. */
  readonly index: Tensor;
  /** Its share of the sample; 0 where it falls outside. */
  readonly weight: Tensor;
  /** The slope of that share with respect to the grid's component. */
  readonly slope: Tensor | null;
}

/**
 * GridSample: each sample is a weighted sum of neighbouring pixels, the weights being a product over axes; linear ones
 * are 1 - t and t with t = place - floor(place). So dImage scatters dY by the weights, and dGrid is the sum over neighbours of
 * the slope of their weight times <dY, pixel>.
 */
const gridSample: GradientRule = ({ node, x, dy, wants }) => {
  const [image, grid] = x as [Tensor, Tensor];
  const [batch, channels, ...lengths] = image.shape as [number, number, ...number[]];
  const outputs = dy.shape.slice(2);
  const axes = lengths.map((length, axis) => tapsOf(node, grid, axis, length));
  const dyRows = channelsLast(dy);
  const corners = cornersOf(axes);
  const indices = corners.map((taps) => flatIndex(taps, batch, lengths, sizeOf(outputs)));
  const dImage = (): Tensor => {
    const rows = corners.map((taps) => mul(dyRows, column(productOf(taps.map((tap) => tap.weight)))));
    const summed = scatterRows(concat(rows, 0), concat(indices, 0), batch * sizeOf(lengths));
    const last = lengths.length + 1;
    return transpose(reshape(summed, [batch, ...lengths, channels]), [
      0,
      last,
      ...lengths.map((_, i) => i + 1),
    ]);
  };
  const dGrid = (): Tensor | null => {
    if (corners[0]!.some((tap) => tap.slope === null)) return null;
    const pixels = channelsLast(image);
    const products = indices.map((index) => sum(mul(gatherRows(pixels, index), dyRows), { axes: [1] }));
    const components = lengths.map((_, axis) => {
      const parts = corners.map((taps, k) => {
        const factors = taps.map((tap, i) => (i === axis ? tap.slope! : tap.weight));
        return mul(products[k]!, productOf(factors));
      });
      return reshape(addAll(parts), [batch, ...outputs, 1]);
    });
    // The grid counts its axes from the last: x, then y.
    return concat(components.reverse(), lengths.length + 1);
  };
  return [wants(0) ? dImage() : null, wants(1) ? dGrid() : null];
};

const productOf = (factors: readonly Tensor[]): Tensor => factors.reduce((a, b) => mul(a, b));
const column = (x: Tensor): Tensor => reshape(x, [x.shape[0]!, 1]);

/** [N, C, ...] as [N ..., C]. */
function channelsLast(x: Tensor): Tensor {
  const [batch, channels, ...lengths] = x.shape as [number, number, ...number[]];
  const moved = transpose(x, [0, ...lengths.map((_, i) => i + 2), 1]);
  return reshape(moved, [batch * sizeOf(lengths), channels]);
}

/** Every choice of one tap for each axis. */
function cornersOf(axes: readonly (readonly Tap[])[]): Tap[][] {
  return axes.reduce<Tap[][]>(
    (corners, taps) => corners.flatMap((c) => taps.map((tap) => [...c, tap])),
    [[]],
  );
}

/** The row of the pixel in a table of all pixels of all images. */
function flatIndex(taps: readonly Tap[], batch: number, lengths: readonly number[], samples: number): Tensor {
  const graph = taps[0]!.index.graph;
  const images = BigInt64Array.from({ length: batch * samples }, (_, i) => BigInt(Math.floor(i / samples)));
  const start: Tensor = graph.constant({ dtype: "int64", dims: [batch * samples], data: images }, "images");
  return taps.reduce((flat, tap, axis) => add(mul(flat, lengths[axis]!), tap.index), start);
}

/** The taps along one axis, with the slope of their weights with respect to the grid's component. */
function tapsOf(node: GraphNode, grid: Tensor, axis: number, length: number): Tap[] {
  const isAligned = getInt(node, "align_corners", 0) !== 0;
  const rank = grid.shape.at(-1)!;
  const component = slice(grid, [{ axis: grid.shape.length - 1, start: rank - 1 - axis, end: rank - axis }]);
  const flat = reshape(component, [sizeOf(grid.shape) / rank]);
  // -1 and 1 are the centres of the first and last pixel, or their outer edges.
  const raw = isAligned ? mul(add(flat, 1), (length - 1) / 2) : sub(mul(add(flat, 1), length / 2), 0.5);
  const perUnit = (isAligned ? length - 1 : length) / 2;
  const mode = getString(node, "mode", "linear");
  if (mode === "cubic") return cubicTaps(node, raw, perUnit, length, isAligned);
  const { place, slope } = padded(node, raw, length, isAligned);
  if (mode === "nearest") return [tapAt(round(place), null, null, length)];
  const first = floor(place);
  const t = sub(place, first);
  const rise = mul(slope, perUnit);
  return [tapAt(first, sub(1, t), mul(rise, -1), length), tapAt(add(first, 1), t, rise, length)];
}

/** The parameter of the cubic kernel that PyTorch and ONNX Runtime use. */
const cubicCoefficient = -0.75;

/**
 * Cubic convolution over four pixels: those beside the place have the weight (a + 2) u^3 - (a + 3) u^2 + 1 at the
 * distance u, those beyond a u^3 - 5 a u^2 + 8 a u - 4 a. Here each pixel is padded, not the place.
 */
function cubicTaps(node: GraphNode, raw: Tensor, perUnit: number, length: number, isAligned: boolean): Tap[] {
  const a = cubicCoefficient;
  const near = [a + 2, -(a + 3), 0, 1] as const;
  const far = [a, -5 * a, 8 * a, -4 * a] as const;
  const first = floor(raw);
  const t = sub(raw, first);
  return [-1, 0, 1, 2].map((offset) => {
    const isBefore = offset <= 0;
    const kernel = offset === 0 || offset === 1 ? near : far;
    // The distance grows with the place for pixels before it, and shrinks for those after it.
    const distance = isBefore ? sub(t, offset) : sub(offset, t);
    const rise = mul(cubicSlope(kernel, distance), isBefore ? perUnit : -perUnit);
    const { place } = padded(node, add(first, offset), length, isAligned);
    return tapAt(place, cubic(kernel, distance), rise, length);
  });
}

type Cubic = readonly [number, number, number, number];

const cubic = ([c3, c2, c1, c0]: Cubic, u: Tensor): Tensor =>
  add(mul(add(mul(add(mul(u, c3), c2), u), c1), u), c0);

const cubicSlope = ([c3, c2, c1]: Cubic, u: Tensor): Tensor => add(mul(add(mul(u, 3 * c3), 2 * c2), u), c1);

function tapAt(place: Tensor, weight: Tensor | null, slope: Tensor | null, length: number): Tap {
  const inside = cast(and(greaterOrEqual(place, 0), lessOrEqual(place, length - 1)), "float32");
  return {
    index: cast(clip(place, 0, length - 1), "int64"),
    weight: weight === null ? inside : mul(inside, weight),
    slope: slope === null ? null : mul(inside, slope),
  };
}

/** Where a place outside of the image is moved to, and the slope of that. */
function padded(
  node: GraphNode,
  raw: Tensor,
  length: number,
  isAligned: boolean,
): { place: Tensor; slope: Tensor } {
  const mode = getString(node, "padding_mode", "zeros");
  const one = scalarLike(raw, 1);
  if (mode === "zeros") return { place: raw, slope: one };
  if (mode === "border") return clamped(raw, one, length);
  const low = isAligned ? 0 : -0.5;
  const span = isAligned ? length - 1 : length;
  if (span === 0) return { place: mul(raw, 0), slope: mul(raw, 0) };
  const offset = sub(raw, low);
  const distance = abs(offset);
  const turns = floor(div(distance, span));
  const rest = sub(distance, mul(turns, span));
  const isEven = less(sub(turns, mul(floor(mul(turns, 0.5)), 2)), 0.5);
  const folded = add(where(isEven, rest, sub(span, rest)), low);
  return clamped(folded, mul(sign(offset), where(isEven, one, -1)), length);
}

/** Past the centres of the outer pixels nothing changes. */
function clamped(place: Tensor, slope: Tensor, length: number): { place: Tensor; slope: Tensor } {
  const inside = and(greater(place, 0), less(place, length - 1));
  return { place: clip(place, 0, length - 1), slope: where(inside, slope, 0) };
}

/**
 * AffineGrid: grid = base theta^T for every image, with the base of places that the identity gives.
 * So dTheta = dGrid^T base.
 */
const affineGrid: GradientRule = ({ node, x, dy }) => {
  const theta = x[0]!;
  const [batch, ...rest] = dy.shape as [number, ...number[]];
  const lengths = rest.slice(0, -1);
  const isAligned = getInt(node, "align_corners", 0) !== 0;
  const base = dy.graph.constant(affineBase(lengths, isAligned), "affine base");
  const rows = reshape(dy, [batch, sizeOf(lengths), lengths.length]);
  return [reshape(matmul(matrixTranspose(rows), base), theta.shape), null];
};

/** Places in [-1, 1] of all pixels, the last axis first, and a 1: [pixels, rank + 1]. */
function affineBase(lengths: readonly number[], isAligned: boolean): TensorData {
  const rank = lengths.length;
  const count = sizeOf(lengths);
  const data = new Float32Array(count * (rank + 1)).fill(1);
  for (let pixel = 0; pixel < count; pixel++) {
    let rest = pixel;
    for (let axis = rank - 1; axis >= 0; axis--) {
      const length = lengths[axis]!;
      const i = rest % length;
      rest = Math.floor(rest / length);
      const place = isAligned ? (length === 1 ? 0 : (2 * i) / (length - 1) - 1) : (2 * i + 1) / length - 1;
      data[pixel * (rank + 1) + rank - 1 - axis] = place;
    }
  }
  return float32(data, [count, rank + 1]);
}

/** Rules of sampling. */
export const sampling: RuleTable = { GridSample: gridSample, AffineGrid: affineGrid };
