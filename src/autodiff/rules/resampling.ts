/** Gradients of resizing and of sampling at given places. */
import { DrmGuardError } from "../../errors.ts";
import { type Attributes, getString } from "../../onnx/model.ts";
import { float32, int64, toNumbers } from "../../onnx/tensor-data.ts";
import type { GraphNode, Tensor } from "../../tensor/graph.ts";
import { constantOf } from "../../tensor/graph.ts";
import { matmul } from "../../tensor/linalg.ts";
import { transpose } from "../../tensor/movement.ts";
import { inversePermutation, normalizeAxis, range } from "../../tensor/shape.ts";
import type { GradientRule, RuleTable } from "../rule.ts";

/**
 * Resize is linear and acts on each axis alone: along an axis it is a matrix [in, out]. Resizing the identity
 * gives that matrix in whatever mode, so the gradient is a product with it.
 */
const resize: GradientRule = ({ node, x, y, dy }) => {
  const input = x[0]!;
  if (getString(node, "coordinate_transformation_mode", "half_pixel") === "tf_crop_and_resize") {
    throw new DrmGuardError(
      "E_NO_GRADIENT",
      `no gradient rule for Resize with tf_crop_and_resize (${node.name})`,
    );
  }
  let gradient = dy;
  for (const axis of range(input.shape.length).reverse()) {
    if (input.shape[axis] === y[0]!.shape[axis]) continue;
    gradient = alongAxis(gradient, axis, resizeMatrix(node, axis, input.shape[axis]!, y[0]!.shape[axis]!));
  }
  return [gradient];
};

/** The matrix [out, in] of a Resize along one axis. */
function resizeMatrix(node: GraphNode, axis: number, size: number, target: number): Tensor {
  const graph = node.inputs[0]!.graph;
  const identity = new Float32Array(size * size);
  for (let i = 0; i < size; i++) identity[i * size + i] = 1;
  const eye = graph.constant(float32(identity, [1, 1, size, size]), "identity");
  const {
    axes: _,
    keep_aspect_ratio_policy: __,
    ...attributes
  } = node.attributes as Attributes & {
    axes?: unknown;
    keep_aspect_ratio_policy?: unknown;
  };
  const scales = scalesOf(node);
  const inputs: (Tensor | null)[] =
    scales === null
      ? [eye, null, null, graph.constant(int64([1, 1, size, target]))]
      : [eye, null, graph.constant(float32([1, 1, 1, scales[axis]!]))];
  const rows = graph.emit("Resize", inputs, [{ shape: [1, 1, size, target] }], attributes)[0]!;
  const matrix = graph.emit(
    "Squeeze",
    [rows, graph.constant(int64([0, 1]))],
    [{ shape: [size, target] }],
  )[0]!;
  return transpose(matrix, [1, 0]);
}

/** The scales of a Resize for every axis, null when it is told sizes. */
function scalesOf(node: GraphNode): number[] | null {
  const [input, , scales] = node.inputs as [Tensor, Tensor?, Tensor?];
  if (!scales || scales.shape[0] === 0) return null;
  const given = toNumbers(constantOf(scales, `the scales of ${node.name}`));
  const axes = node.attributes.axes?.kind === "ints" ? node.attributes.axes.value : range(given.length);
  const all = input.shape.map(() => 1);
  axes.forEach((axis, i) => {
    all[normalizeAxis(axis, all.length)] = given[i]!;
  });
  return all;
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
