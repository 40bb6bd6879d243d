/** Gradients of resizing and of sampling at given places. */
import { DrmGuardError } from "../../errors.ts";
import { type Attributes, float, getInts, getString } from "../../onnx/model.ts";
import { without } from "../../onnx/rewrite.ts";
import { float32, int64, toNumbers } from "../../onnx/tensor-data.ts";
import type { GraphNode, Tensor } from "../../tensor/graph.ts";
import { constantOf } from "../../tensor/graph.ts";
import { matmul } from "../../tensor/linalg.ts";
import { reshape, slice, transpose } from "../../tensor/movement.ts";
import { inversePermutation, normalizeAxis, range, sameShape } from "../../tensor/shape.ts";
import type { GradientRule, RuleTable } from "../rule.ts";

/**
 * Resize is linear and acts on each axis alone: along an axis it is a matrix [in, out]. Resizing the identity
 * gives that matrix in whatever mode, so the gradient is a product with it.
 */
const resize: GradientRule = ({ node, x, y, dy }) => {
  const input = x[0]!;
  const axes = resizedAxes(node, y[0]!);
  assertStretched(node, axes);
  // ONNX Runtime copies what keeps all of its sizes, even where a scale says that places move.
  const isCopy = sameShape(input.shape, y[0]!.shape) && axes.every(({ roi }) => roi === null);
  if (isCopy) return [dy];
  let gradient = dy;
  for (const { axis, scale, roi } of [...axes].reverse()) {
    const [size, target] = [input.shape[axis]!, y[0]!.shape[axis]!];
    const isUnchanged = size === target && (scale === null || scale === 1) && roi === null;
    if (isUnchanged) continue;
    gradient = alongAxis(gradient, axis, resizeMatrix(node, size, target, scale, roi));
  }
  return [gradient];
};

/** What a Resize does to one axis. */
interface ResizedAxis {
  readonly axis: number;
  readonly target: number;
  /** The scale where the node is told scales, null where it is told sizes. */
  readonly scale: number | null;
  /** Where the cropped part starts and ends, with tf_crop_and_resize. */
  readonly roi: readonly [number, number] | null;
}

function resizedAxes(node: GraphNode, y: Tensor): ResizedAxis[] {
  const [input, roi, scales] = node.inputs as [Tensor, Tensor?, Tensor?];
  const numbers = (tensor: Tensor | null | undefined, what: string): number[] | null =>
    tensor && tensor.shape[0] !== 0 ? toNumbers(constantOf(tensor, `the ${what} of ${node.name}`)) : null;
  const rank = input.shape.length;
  const axes = getInts(node, "axes", range(rank)).map((axis) => normalizeAxis(axis, rank));
  const isCropped = getString(node, "coordinate_transformation_mode", "half_pixel") === "tf_crop_and_resize";
  const given = numbers(scales, "scales");
  const crop = isCropped ? numbers(roi, "roi") : null;
  return axes.map((axis, i) => ({
    axis,
    target: y.shape[axis]!,
    scale: given?.[i] ?? null,
    roi: crop === null ? null : [crop[i]!, crop[i + axes.length]!],
  }));
}

/**
 * Where the aspect ratio is kept, the scale is that of another axis, and sizes are rounded from it: the matrix of this
 * axis is only known when nothing had to be rounded.
 *
 * Throws E_NO_GRADIENT otherwise.
 */
function assertStretched(node: GraphNode, axes: readonly ResizedAxis[]): void {
  const policy = getString(node, "keep_aspect_ratio_policy", "stretch");
  if (policy === "stretch") return;
  const ratios = axes.map(({ axis, target }) => target / node.inputs[0]!.shape[axis]!);
  if (ratios.every((ratio) => Math.abs(ratio - ratios[0]!) < 1e-6)) return;
  throw new DrmGuardError(
    "E_NO_GRADIENT",
    `no gradient rule for Resize with keep_aspect_ratio_policy ${policy} and rounded sizes (${node.name})`,
  );
}

/**
 * The matrix [out, in] of a Resize along one axis: the rows of the identity as images of one line, [in, 1, 1, in].
 *
 * The line is doubled, so that not all sizes are kept: see above.
 */
function resizeMatrix(
  node: GraphNode,
  size: number,
  target: number,
  scale: number | null,
  roi: readonly [number, number] | null,
): Tensor {
  const graph = node.inputs[0]!.graph;
  const identity = new Float32Array(size * size);
  for (let i = 0; i < size; i++) identity[i * size + i] = 1;
  const eye = graph.constant(float32(identity, [size, 1, 1, size]), "identity");
  // What lies outside of the image is a constant, which has no slope.
  const changes: Attributes = roi === null ? {} : { extrapolation_value: float(0) };
  const attributes = { ...without(node.attributes, "axes", "keep_aspect_ratio_policy"), ...changes };
  const crop = roi === null ? null : graph.constant(float32([0, 0, 0, roi[0], 1, 1, 1, roi[1]]));
  const inputs =
    scale === null
      ? [eye, crop, null, graph.constant(int64([size, 1, 2, target]))]
      : [eye, crop, graph.constant(float32([1, 1, 2, scale]))];
  const lines = graph.emit("Resize", inputs, [{ shape: [size, 1, 2, target] }], attributes)[0]!;
  const rows = slice(lines, [{ axis: 2, start: 0, end: 1 }]);
  // A Reshape, not a Squeeze: shape inference may round size x scale down to another length than the operator does.
  return transpose(reshape(rows, [size, target]), [1, 0]);
}

/** The product of an axis with a matrix [old, new]. */
function alongAxis(x: Tensor, axis: number, matrix: Tensor): Tensor {
  const last = x.shape.length - 1;
  if (axis === last) return matmul(x, matrix);
  if (axis === last - 1) return matmul(transpose(matrix, [1, 0]), x);
  const order = [...range(last + 1).filter((i) => i !== axis), axis];
  return transpose(matmul(transpose(x, order), matrix), inversePermutation(order));
}

/** Rules of resampling. */
export const resampling: RuleTable = { Resize: resize };
