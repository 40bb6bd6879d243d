/** Attention and rotary embeddings of opset 23 and newer, in terms of older operators. */
import { DrmGuardError } from "../errors.ts";
import { getFloat, getInt, int, ints, type OnnxNode } from "./model.ts";
import type { Rewriter } from "./rewrite.ts";

/**
 * Attention: softmax(Q K^T scale + mask) V for every head. Heads stand in an axis of their own, [N, heads, L, size], or
 * side by side, [N, L, heads size].
 *
 * Throws E_UNSUPPORTED_OPERATOR for what only language models use: a cache, grouped heads, a causal mask.
 */
export function attention(node: OnnxNode, to: Rewriter): void {
  const [q, k, v, mask = "", ...caches] = node.inputs as string[];
  const heads = getInt(node, "q_num_heads", 0);
  const unsupported = [
    caches.some((name) => name !== "") ? "a cache" : "",
    heads !== getInt(node, "kv_num_heads", heads) ? "grouped heads" : "",
    getInt(node, "is_causal", 0) !== 0 ? "a causal mask" : "",
    node.outputs.slice(1).some((name) => name !== "") ? "more than one output" : "",
  ].filter((what) => what !== "");
  if (unsupported.length > 0) {
    throw new DrmGuardError(
      "E_UNSUPPORTED_OPERATOR",
      `Attention (${node.name}) with ${unsupported.join(", ")}, expected queries, keys, values and a mask`,
    );
  }
  const split = (x: string): string => (heads === 0 ? x : headsApart(to, x, heads));
  const [queries, keys, values] = [split(q!), split(k!), split(v!)];
  const transposed = to.emit("Transpose", [keys], { perm: ints([0, 1, 3, 2]) });
  const scaled = to.emit("Mul", [
    to.emit("MatMul", [queries, transposed]),
    attentionScale(node, to, queries),
  ]);
  const masked = withMask(to, softCapped(node, to, scaled), mask);
  const product = to.emit("MatMul", [to.emit("Softmax", [masked], { axis: int(-1) }), values]);
  if (heads === 0) to.emit("Identity", [product], {}, node.outputs[0]);
  else headsTogether(to, product, node.outputs[0]!);
}

/** [N, L, heads size] as [N, heads, L, size]. */
function headsApart(to: Rewriter, x: string, heads: number): string {
  const apart = to.emit("Reshape", [x, to.ints([0, 0, heads, -1])]);
  return to.emit("Transpose", [apart], { perm: ints([0, 2, 1, 3]) });
}

/** [N, heads, L, size] as [N, L, heads size]. */
function headsTogether(to: Rewriter, x: string, output: string): void {
  const joined = to.emit("Transpose", [x], { perm: ints([0, 2, 1, 3]) });
  to.emit("Reshape", [joined, to.ints([0, 0, -1])], {}, output);
}

/** 1 / sqrt(head size) unless given. */
function attentionScale(node: OnnxNode, to: Rewriter, queries: string): string {
  const given = getFloat(node, "scale", null);
  if (given !== null) return to.scalar(given);
  const size = to.emit("Shape", [queries], { start: int(3), end: int(4) });
  const root = to.emit("Sqrt", [to.emit("Cast", [size], { to: int(1) })]);
  return to.emit("Reciprocal", [root]);
}

/** c tanh(logits / c), where a cap c is given. */
function softCapped(node: OnnxNode, to: Rewriter, logits: string): string {
  const cap = getFloat(node, "softcap", 0);
  if (cap === 0) return logits;
  return to.emit("Mul", [to.emit("Tanh", [to.emit("Div", [logits, to.scalar(cap)])]), to.scalar(cap)]);
}

/** Numbers are added; true keeps a logit and false takes it out. A computed mask is taken for numbers. */
function withMask(to: Rewriter, logits: string, mask: string): string {
  if (mask === "") return logits;
  if (to.valueOf(mask)?.dtype !== "bool") return to.emit("Add", [logits, mask]);
  return to.emit("Where", [mask, logits, to.scalar(Number.NEGATIVE_INFINITY)]);
}

/**
 * Rotary embedding: pairs of features are turned by angles that depend on the place of their token. A pair is
 * (x_i, x_(i + half)), or (x_2i, x_(2i+1)) when interleaved.
 *
 * Throws E_UNSUPPORTED_OPERATOR when only a part of the features is turned.
 */
export function rotaryEmbedding(node: OnnxNode, to: Rewriter): void {
  const [x, cosCache, sinCache, positions = ""] = node.inputs as [string, string, string, string?];
  const heads = getInt(node, "num_heads", 0);
  if (getInt(node, "rotary_embedding_dim", 0) !== 0) {
    throw new DrmGuardError(
      "E_UNSUPPORTED_OPERATOR",
      `RotaryEmbedding (${node.name}) of a part of the features, expected all`,
    );
  }
  const apart = heads === 0 ? x : headsApart(to, x, heads);
  // [N, L, half] or, without a batch, [L, half]: an axis for the heads.
  const angles = (cache: string): string => {
    const rows = positions === "" ? cache : to.emit("Gather", [cache, positions], { axis: int(0) });
    return to.emit("Unsqueeze", [rows, to.ints([1])]);
  };
  const [cos, sin] = [angles(cosCache), angles(sinCache)];
  const isInterleaved = getInt(node, "interleaved", 0) !== 0;
  const pairs = isInterleaved ? to.emit("Reshape", [apart, to.ints([0, 0, 0, -1, 2])]) : apart;
  const [first, second] = halves(to, pairs, isInterleaved);
  const turned = [
    to.emit("Sub", [to.emit("Mul", [cos, first]), to.emit("Mul", [sin, second])]),
    to.emit("Add", [to.emit("Mul", [sin, first]), to.emit("Mul", [cos, second])]),
  ];
  const joined = isInterleaved ? interleave(to, turned) : to.emit("Concat", turned, { axis: int(-1) });
  if (heads === 0) to.emit("Identity", [joined], {}, node.outputs[0]);
  else headsTogether(to, joined, node.outputs[0]!);
}

/** The two features of all pairs, each [N, heads, L, half]. */
function halves(to: Rewriter, pairs: string, isInterleaved: boolean): [string, string] {
  const parts = [to.fresh("half"), to.fresh("half")] as [string, string];
  to.nodes.push({
    name: parts[0],
    op: "Split",
    domain: "",
    inputs: [pairs],
    outputs: parts,
    attributes: { axis: int(-1), num_outputs: int(2) },
  });
  if (!isInterleaved) return parts;
  const flat = parts.map((part) => to.emit("Squeeze", [part, to.ints([-1])]));
  return flat as [string, string];
}

function interleave(to: Rewriter, parts: readonly string[]): string {
  const columns = parts.map((part) => to.emit("Unsqueeze", [part, to.ints([-1])]));
  return to.emit("Reshape", [to.emit("Concat", columns, { axis: int(-1) }), to.ints([0, 0, 0, -1])]);
}
