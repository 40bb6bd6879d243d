/** Gradients of operators that pick elements by index: what was picked gets its gradient back. */

import { DrmGuardError } from "../../errors.ts";
import { type Attributes, getInt, getString, int, string } from "../../onnx/model.ts";
import { int64, sizeOf, toNumbers, zeros } from "../../onnx/tensor-data.ts";
import { full, mul } from "../../tensor/elementwise.ts";
import { constantOf, type GraphNode, type Tensor } from "../../tensor/graph.ts";
import { scatterRows } from "../../tensor/indexing.ts";
import { concat, pad, reshape, take, transpose } from "../../tensor/movement.ts";
import { inversePermutation, normalizeAxis, range } from "../../tensor/shape.ts";
import type { GradientRule, RuleTable } from "../rule.ts";

const gather: GradientRule = ({ node, x, dy }) => {
  const [data, indices] = x as [Tensor, Tensor];
  const axis = normalizeAxis(getInt(node, "axis", 0), data.shape.length);
  const single = singleIndex(indices, data.shape[axis]!);
  if (single !== null) return [placeAt(dy, data.shape, axis, single), null];
  // Bring the axis to the front, add rows there, and take it back.
  const before = range(axis);
  const rank = indices.shape.length;
  const indexAxes = range(rank).map((i) => axis + i);
  const after = range(dy.shape.length).slice(axis + rank);
  const rest = [...before, ...after];
  const front = transpose(dy, [...indexAxes, ...rest]);
  const rows = reshape(front, [sizeOf(indices.shape), ...rest.map((i) => dy.shape[i]!)]);
  const summed = scatterRows(rows, notNegative(indices, data.shape[axis]!), data.shape[axis]!);
  const order = [axis, ...range(data.shape.length).filter((i) => i !== axis)];
  return [transpose(summed, inversePermutation(order)), null];
};

function singleIndex(indices: Tensor, size: number): number | null {
  if (indices.value === null || sizeOf(indices.shape) !== 1) return null;
  const index = toNumbers(indices.value)[0]!;
  return index < 0 ? index + size : index;
}

/** One element of an axis is a slice: zeros around it are cheaper than a scatter. */
function placeAt(dy: Tensor, shape: readonly number[], axis: number, index: number): Tensor {
  const row = reshape(
    dy,
    shape.map((dim, i) => (i === axis ? 1 : dim)),
  );
  const at = (value: number): number[] => shape.map((_, i) => (i === axis ? value : 0));
  return pad(row, at(index), at(shape[axis]! - index - 1));
}

function notNegative(indices: Tensor, size: number): Tensor {
  if (indices.value !== null) {
    const values = toNumbers(indices.value).map((i) => (i < 0 ? i + size : i));
    return indices.graph.constant(int64(values, indices.shape));
  }
  const graph = indices.graph;
  const bound = graph.constant(int64([size], []));
  // Mod with the sign of the divisor maps -size..size-1 onto 0..size-1.
  return graph.emit("Mod", [indices, bound], [{ shape: indices.shape, dtype: "int64" }])[0]!;
}

const gatherElements: GradientRule = ({ node, x, dy }) => {
  const [data, indices] = x as [Tensor, Tensor];
  const base = data.graph.constant(zeros("float32", data.shape));
  const attributes: Attributes = { axis: int(getInt(node, "axis", 0)), reduction: string("add") };
  return [
    data.graph.emit("ScatterElements", [base, indices, dy], [{ shape: data.shape }], attributes)[0]!,
    null,
  ];
};

const gatherNd: GradientRule = ({ node, x, dy }) => {
  const [data, given] = x as [Tensor, Tensor];
  const indices = withBatchIndices(given, getInt(node, "batch_dims", 0));
  const base = data.graph.constant(zeros("float32", data.shape));
  return [
    data.graph.emit("ScatterND", [base, indices, dy], [{ shape: data.shape }], {
      reduction: string("add"),
    })[0]!,
    null,
  ];
};

/** Indices that count from the first axis, where theirs count from `batchDims` on: each batch's own index in front. */
function withBatchIndices(indices: Tensor, batchDims: number): Tensor {
  if (batchDims === 0) return indices;
  const places = indices.shape.slice(0, -1);
  const rows = range(sizeOf(places)).flatMap((place) => {
    let rest = place;
    const index = places.map(() => 0);
    for (let axis = places.length - 1; axis >= 0; axis--) {
      index[axis] = rest % places[axis]!;
      rest = Math.floor(rest / places[axis]!);
    }
    return index.slice(0, batchDims);
  });
  const own = indices.graph.constant(int64(rows, [...places, batchDims]), "batch indices");
  return concat([own, indices], places.length);
}

/** Scattering replaces (or adds to) elements: updates get the gradient of where they went. */
function scattering(
  op: "ScatterElements" | "ScatterND",
  gatherOp: "GatherElements" | "GatherND",
): GradientRule {
  return ({ node, x, dy, wants }) => {
    const [data, indices, updates] = x as [Tensor, Tensor, Tensor];
    const reduction = getString(node, "reduction", "none");
    assertReduction(node, reduction);
    const axis: Attributes = op === "ScatterElements" ? { axis: int(getInt(node, "axis", 0)) } : {};
    const zeroUpdates = mul(full(data.graph, updates.shape, 0), 1);
    const replaced = (): Tensor =>
      data.graph.emit(op, [dy, indices, zeroUpdates], [{ shape: data.shape }], axis)[0]!;
    return [
      wants(0) ? (reduction === "add" ? dy : replaced()) : null,
      null,
      wants(2) ? data.graph.emit(gatherOp, [dy, indices], [{ shape: updates.shape }], axis)[0]! : null,
    ];
  };
}

function assertReduction(node: GraphNode, reduction: string): void {
  if (reduction === "none" || reduction === "add") return;
  throw new DrmGuardError(
    "E_NO_GRADIENT",
    `no gradient rule for ${node.op} with reduction ${reduction} (${node.name})`,
  );
}

/** The k largest elements are picked by the indices that the operator gives. */
const topK: GradientRule = ({ node, x, y, dy }) => {
  const data = x[0]!;
  const base = data.graph.constant(zeros("float32", data.shape));
  const attributes: Attributes = { axis: int(getInt(node, "axis", -1)), reduction: string("add") };
  return [
    data.graph.emit("ScatterElements", [base, y[1]!, dy], [{ shape: data.shape }], attributes)[0]!,
    null,
  ];
};

/** Rows that a constant condition keeps: each gets its gradient back, the others get none. */
const compress: GradientRule = ({ node, x, dy }) => {
  const [data, condition] = x as [Tensor, Tensor];
  const kept = toNumbers(constantOf(condition, `the condition of ${node.name}`));
  const given = getInt(node, "axis", null);
  const shape = given === null ? [sizeOf(data.shape)] : data.shape;
  const axis = normalizeAxis(given ?? 0, shape.length);
  const zero = shape.map(() => 0);
  const padded = pad(
    dy,
    zero,
    zero.map((_, i) => (i === axis ? 1 : 0)),
  );
  // What was left out takes the zero past the end.
  let next = 0;
  const sources = range(shape[axis]!).map((i) => (kept[i] ? next++ : dy.shape[axis]!));
  return [reshape(take(padded, sources, axis), data.shape), null];
};

/** Reversing twice gives the same again. */
const reverseSequence: GradientRule = ({ node, x, dy }) => [
  dy.graph.emit("ReverseSequence", [dy, x[1]!], [{ shape: dy.shape }], node.attributes)[0]!,
  null,
];

/** Rules of indexing. */
export const indexing: RuleTable = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherNd,
  ScatterElements: scattering("ScatterElements", "GatherElements"),
  ScatterND: scattering("ScatterND", "GatherND"),
  TopK: topK,
  Compress: compress,
  ReverseSequence: reverseSequence,
};
