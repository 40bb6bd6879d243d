/** Arithmetic on shapes and axes. */
import { DrmGuardError } from "../errors.ts";

/** The shape that two shapes broadcast to. Throws E_SHAPE when they do not fit. */
export function broadcastShapes(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const m = a[i - rank + a.length] ?? 1;
    const n = b[i - rank + b.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1) {
      throw new DrmGuardError("E_SHAPE", `shapes [${a.join(", ")}] and [${b.join(", ")}] do not broadcast`);
    }
    return m === 1 ? n : m;
  });
}

/** An axis in [0, rank) from one in [-rank, rank). Throws E_SHAPE outside of that. */
export function normalizeAxis(axis: number, rank: number): number {
  if (axis < -rank || axis >= Math.max(rank, 1)) {
    throw new DrmGuardError("E_SHAPE", `axis ${axis} is not an axis of a tensor of rank ${rank}`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** Several axes, normalised and ascending. */
export function normalizeAxes(axes: readonly number[], rank: number): number[] {
  return [...new Set(axes.map((axis) => normalizeAxis(axis, rank)))].sort((a, b) => a - b);
}

/** [0, 1, ..., n - 1]. */
export function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

/** Whether two shapes are the same. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** The permutation that undoes another. */
export function inversePermutation(permutation: readonly number[]): number[] {
  const inverse = new Array<number>(permutation.length);
  permutation.forEach((from, to) => {
    inverse[from] = to;
  });
  return inverse;
}
