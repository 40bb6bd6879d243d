/** Functions that move elements without changing them. */
import { DrmGuardError } from "../errors.ts";
import { int, ints, string } from "../onnx/model.ts";
import { float32, int64, sizeOf } from "../onnx/tensor-data.ts";
import type { Tensor } from "./graph.ts";
import { normalizeAxes, normalizeAxis, range, sameShape } from "./shape.ts";

/** The same elements in another shape. Throws E_SHAPE when the sizes differ. */
export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (sizeOf(shape) !== sizeOf(x.shape)) {
    throw new DrmGuardError("E_SHAPE", `cannot reshape [${x.shape.join(", ")}] to [${shape.join(", ")}]`);
  }
  const target = x.graph.constant(int64(shape));
  return x.graph.emit("Reshape", [x, target], [{ shape, dtype: x.dtype }], { allowzero: int(1) })[0]!;
}

/** Axes in another order: output axis i is input axis permutation[i]. */
export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  if (permutation.every((from, to) => from === to)) return x;
  const shape = permutation.map((axis) => x.shape[axis]!);
  return x.graph.emit("Transpose", [x], [{ shape, dtype: x.dtype }], { perm: ints(permutation) })[0]!;
}

/** Tensors side by side along an axis. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  const first = tensors[0]!;
  if (tensors.length === 1) return first;
  const along = normalizeAxis(axis, first.shape.length);
  const size = tensors.reduce((total, t) => total + t.shape[along]!, 0);
  const shape = first.shape.map((dim, i) => (i === along ? size : dim));
  return first.graph.emit("Concat", tensors, [{ shape, dtype: first.dtype }], { axis: int(along) })[0]!;
}

/** A part of one axis. `start` and `end` as in ONNX's Slice, with any step but 0. */
export interface Range {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step?: number;
}

/** How many elements a range takes from an axis of a given size, and where it starts and ends. */
export function resolveRange(
  { start, end, step = 1 }: Omit<Range, "axis">,
  size: number,
): [number, number, number] {
  const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
  const from = start < 0 ? start + size : start;
  const to = end < 0 ? end + size : end;
  if (step > 0) {
    const first = clamp(from, 0, size);
    return [first, clamp(to, 0, size), Math.max(0, Math.ceil((clamp(to, 0, size) - first) / step))];
  }
  const first = clamp(from, 0, size - 1);
  const last = clamp(to, -1, size - 1);
  return [first, last, Math.max(0, Math.ceil((last - first) / step))];
}

/** Parts of axes. */
export function slice(x: Tensor, ranges: readonly Range[]): Tensor {
  const shape = [...x.shape];
  for (const { axis, ...rest } of ranges) shape[axis] = resolveRange(rest, x.shape[axis]!)[2];
  const isWhole = ranges.every(({ axis, step = 1 }) => step === 1 && shape[axis] === x.shape[axis]);
  if (isWhole) return x;
  const list = (values: number[]): Tensor => x.graph.constant(int64(values));
  return x.graph.emit(
    "Slice",
    [
      x,
      list(ranges.map((r) => r.start)),
      list(ranges.map((r) => r.end)),
      list(ranges.map((r) => r.axis)),
      list(ranges.map((r) => r.step ?? 1)),
    ],
    [{ shape, dtype: x.dtype }],
  )[0]!;
}

/** The elements of some axes in reverse order. */
export function flip(x: Tensor, axes: readonly number[]): Tensor {
  const flipped = axes.filter((axis) => x.shape[axis] !== 1);
  if (flipped.length === 0) return x;
  return slice(
    x,
    flipped.map((axis) => ({ axis, start: -1, end: -(2 ** 40), step: -1 })),
  );
}

/** Zeros (or another value) around a tensor; negative numbers crop. `before` and `after` have one number an axis. */
export function pad(x: Tensor, before: readonly number[], after: readonly number[], value = 0): Tensor {
  if ([...before, ...after].every((n) => n === 0)) return x;
  const shape = x.shape.map((dim, i) => dim + before[i]! + after[i]!);
  const pads = x.graph.constant(int64([...before, ...after]));
  const fill = x.graph.constant(float32([value], []));
  return x.graph.emit("Pad", [x, pads, fill], [{ shape, dtype: x.dtype }], { mode: string("constant") })[0]!;
}

/** A tensor repeated along its axes of size 1 (and new axes in front) to fill a shape. */
export function expand(x: Tensor, shape: readonly number[]): Tensor {
  if (sameShape(x.shape, shape)) return x;
  return x.graph.emit("Expand", [x, x.graph.constant(int64(shape))], [{ shape, dtype: x.dtype }])[0]!;
}

/** New axes of size 1 at the given places of the result. */
export function unsqueeze(x: Tensor, axes: readonly number[]): Tensor {
  const places = normalizeAxes(axes, x.shape.length + axes.length);
  const rest = [...x.shape];
  const shape = range(x.shape.length + places.length).map((i) => (places.includes(i) ? 1 : rest.shift()!));
  return reshape(x, shape);
}

/** Rows of an axis by constant indices. */
export function take(x: Tensor, indices: readonly number[], axis: number): Tensor {
  const shape = x.shape.map((dim, i) => (i === axis ? indices.length : dim));
  const list = x.graph.constant(int64(indices));
  return x.graph.emit("Gather", [x, list], [{ shape, dtype: x.dtype }], { axis: int(axis) })[0]!;
}
