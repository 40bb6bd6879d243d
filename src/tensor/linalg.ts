/** Products of matrices. */
import { DrmGuardError } from "../errors.ts";
import { string } from "../onnx/model.ts";
import type { Tensor } from "./graph.ts";
import { transpose } from "./movement.ts";
import { broadcastShapes, range } from "./shape.ts";

/** The matrix product over the last two axes; the axes before them broadcast. Throws E_SHAPE when sizes differ. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const [m, k] = a.shape.slice(-2) as [number, number];
  const [k2, n] = b.shape.slice(-2) as [number, number];
  if (k !== k2) {
    throw new DrmGuardError("E_SHAPE", `cannot multiply [${a.shape.join(", ")}] by [${b.shape.join(", ")}]`);
  }
  const shape = [...broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n];
  return a.graph.emit("MatMul", [a, b], [{ shape, dtype: a.dtype }])[0]!;
}

/** The last two axes exchanged. */
export function matrixTranspose(x: Tensor): Tensor {
  const axes = range(x.shape.length);
  const [i, j] = axes.slice(-2) as [number, number];
  return transpose(x, [...axes.slice(0, -2), j, i]);
}

/** A sum of products in Einstein's notation, with lower-case letters only. */
export function einsum(equation: string, operands: readonly Tensor[]): Tensor {
  const [left, right] = equation.split("->") as [string, string];
  const sizes = new Map<string, number>();
  left.split(",").forEach((letters, k) => {
    [...letters].forEach((letter, i) => {
      sizes.set(letter, Math.max(sizes.get(letter) ?? 1, operands[k]!.shape[i]!));
    });
  });
  const shape = [...right].map((letter) => sizes.get(letter)!);
  const first = operands[0]!;
  return first.graph.emit("Einsum", operands, [{ shape, dtype: first.dtype }], {
    equation: string(equation),
  })[0]!;
}
