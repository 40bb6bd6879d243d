/** Gradients of matrix products. */
import { DrmGuardError } from "../../errors.ts";
import { getFloat, getInt, getString } from "../../onnx/model.ts";
import { mul } from "../../tensor/elementwise.ts";
import type { Tensor } from "../../tensor/graph.ts";
import { einsum, matmul, matrixTranspose } from "../../tensor/linalg.ts";
import { expand, reshape, unsqueeze } from "../../tensor/movement.ts";
import { sumTo } from "../../tensor/reduction.ts";
import type { GradientRule, RuleTable } from "../rule.ts";

/** Y = A B: dA = dY B^T, dB = A^T dY, for vectors and stacks of matrices too. */
const matMul: GradientRule = ({ x, dy, wants }) => {
  const [a, b] = x as [Tensor, Tensor];
  const a2 = a.shape.length === 1 ? unsqueeze(a, [0]) : a;
  const b2 = b.shape.length === 1 ? unsqueeze(b, [1]) : b;
  const lead = dy.shape.slice(
    0,
    dy.shape.length - (a.shape.length > 1 ? 1 : 0) - (b.shape.length > 1 ? 1 : 0),
  );
  const dy2 = reshape(dy, [...lead, a2.shape.at(-2)!, b2.shape.at(-1)!]);
  const flat = flattened(a2, b2, dy2);
  const da = (): Tensor => reshape(sumTo(matmul(dy2, matrixTranspose(b2)), a2.shape), a.shape);
  const db = (): Tensor =>
    flat === null
      ? reshape(sumTo(matmul(matrixTranspose(a2), dy2), b2.shape), b.shape)
      : reshape(matmul(matrixTranspose(flat.a), flat.dy), b.shape);
  return [wants(0) ? da() : null, wants(1) ? db() : null];
};

/** A stack of matrices times one matrix is one product of a tall matrix: no sum over the stack is needed. */
function flattened(a: Tensor, b: Tensor, dy: Tensor): { a: Tensor; dy: Tensor } | null {
  if (b.shape.length !== 2 || a.shape.length === 2) return null;
  const rows = a.shape.slice(0, -1).reduce((m, n) => m * n, 1);
  return { a: reshape(a, [rows, a.shape.at(-1)!]), dy: reshape(dy, [rows, dy.shape.at(-1)!]) };
}

/** Y = alpha A' B' + beta C, where ' is transposition if asked. */
const gemm: GradientRule = ({ node, x, dy, wants }) => {
  const [a, b, c] = x as [Tensor, Tensor, Tensor | null | undefined];
  const alpha = getFloat(node, "alpha", 1);
  const transposedA = getInt(node, "transA", 0) !== 0;
  const transposedB = getInt(node, "transB", 0) !== 0;
  const scaled = mul(dy, alpha);
  const da = (): Tensor => {
    const bt = transposedB ? b : matrixTranspose(b);
    return transposedA ? matmul(matrixTranspose(bt), matrixTranspose(scaled)) : matmul(scaled, bt);
  };
  const db = (): Tensor => {
    const at = transposedA ? a : matrixTranspose(a);
    return transposedB ? matmul(matrixTranspose(scaled), matrixTranspose(at)) : matmul(at, scaled);
  };
  const dc = (): Tensor => sumTo(mul(dy, getFloat(node, "beta", 1)), c!.shape);
  return [wants(0) ? da() : null, wants(1) ? db() : null, wants(2) ? dc() : null];
};

/**
 * Einsum: the gradient of one operand is the einsum of dy and the other operands. Letters that only this operand
 * has were summed, so the gradient is the same all along them.
 */
const einsumRule: GradientRule = ({ node, x, dy, wants }) => {
  const operands = x as readonly Tensor[];
  const equation = withoutEllipsis(getString(node, "equation", "").replaceAll(" ", ""), operands);
  const [left, right] = equation.split("->") as [string, string];
  const terms = left.split(",");
  return operands.map((operand, k) => {
    if (!wants(k)) return null;
    const own = terms[k]!;
    if (new Set(own).size !== own.length) {
      throw new DrmGuardError(
        "E_NO_GRADIENT",
        `no gradient rule for the diagonal in Einsum ${equation} (${node.name})`,
      );
    }
    const others = terms.filter((_, i) => i !== k);
    const known = new Set([...right, ...others.join("")]);
    const kept = [...own].filter((letter) => known.has(letter)).join("");
    const inputs = [dy, ...operands.filter((_, i) => i !== k)];
    const partial = einsum(`${[right, ...others].join(",")}->${kept}`, inputs);
    const shape = [...own].map((letter, i) => (known.has(letter) ? operand.shape[i]! : 1));
    return expand(reshape(partial, shape), operand.shape);
  });
};

/** Writes "..." as letters, and the output that "no arrow" stands for. */
function withoutEllipsis(equation: string, operands: readonly Tensor[]): string {
  const [left, right] = equation.split("->") as [string, string | undefined];
  const free = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"].filter(
    (c) => !equation.includes(c),
  );
  const widths = left.split(",").map((term, k) => operands[k]!.shape.length - term.replace("...", "").length);
  const widest = Math.max(...left.split(",").map((term, k) => (term.includes("...") ? widths[k]! : 0)));
  const batch = free.slice(0, widest).join("");
  const terms = left.split(",").map((term, k) => term.replace("...", batch.slice(widest - widths[k]!)));
  const counts = new Map<string, number>();
  for (const letter of left.replaceAll(/[.,]/g, "")) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  const once = [...counts]
    .filter(([, n]) => n === 1)
    .map(([letter]) => letter)
    .sort();
  const output = right === undefined ? batch + once.join("") : right.replace("...", batch);
  return `${terms.join(",")}->${output}`;
}

/** Rules of matrix products. */
export const linalg: RuleTable = { MatMul: matMul, Gemm: gemm, Einsum: einsumRule };
