/** Reverse-mode differentiation, from graph to graph. */
import { DrmGuardError } from "../errors.ts";
import { float32 } from "../onnx/tensor-data.ts";
import { add, full } from "../tensor/elementwise.ts";
import type { GraphNode, Tensor } from "../tensor/graph.ts";
import { sameShape } from "../tensor/shape.ts";
import { BlockedLayout } from "./blocked.ts";
import { ruleOf } from "./registry.ts";

/** What a gradient may know of the runtime. */
export interface GradientOptions {
  /** Channels that it keeps side by side between convolutions with constant weights; null, if left out too, where it has no such layout. The numbers are the same. */
  readonly channelBlock?: number | null;
}

/**
 * The gradient of a scalar with respect to tensors, as new nodes in the same graph.
 *
 * Throws E_SHAPE when the loss is no scalar, and E_NO_GRADIENT, naming all of them at once, when operators between
 * the tensors and the loss have no rule.
 *
 * @param loss a float32 tensor with one element
 * @param wrt the tensors, inputs, constants or intermediate ones
 * @param options a runtime, or what is known of one
 * @returns a tensor of the shape of each of `wrt`; zeros where the loss does not depend on it
 */
export function grad(loss: Tensor, wrt: readonly Tensor[], options: GradientOptions = {}): Tensor[] {
  if (loss.shape.some((dim) => dim !== 1)) {
    throw new DrmGuardError(
      "E_SHAPE",
      `a gradient needs a scalar loss, found shape [${loss.shape.join(", ")}]`,
    );
  }
  const seed = loss.graph.constant(float32([1], loss.shape));
  return vectorJacobianProduct([loss], [seed], wrt, options);
}

/**
 * The gradient of sum_k <cotangents[k], outputs[k]> with respect to tensors.
 *
 * Throws E_NO_GRADIENT as {@link grad} does.
 *
 * @param outputs tensors of any shape
 * @param cotangents one of the same shape for each
 * @param wrt the tensors to differentiate by
 * @param options a runtime, or what is known of one
 */
export function vectorJacobianProduct(
  outputs: readonly Tensor[],
  cotangents: readonly Tensor[],
  wrt: readonly Tensor[],
  { channelBlock = null }: GradientOptions = {},
): Tensor[] {
  const graph = outputs[0]!.graph;
  const blocked = channelBlock === null ? null : new BlockedLayout(channelBlock);
  const path = nodesBetween(wrt, outputs);
  const sources = new Set<Tensor>(wrt);
  for (const node of path) for (const output of node.outputs) sources.add(output);
  assertDifferentiable(path);

  const gradients = new Map<Tensor, Tensor>();
  const accumulate = (tensor: Tensor, gradient: Tensor): void => {
    if (!sameShape(tensor.shape, gradient.shape)) {
      throw new DrmGuardError(
        "E_INTERNAL",
        `the gradient of ${tensor.name} has shape [${gradient.shape.join(", ")}], expected [${tensor.shape.join(", ")}]`,
      );
    }
    const before = gradients.get(tensor);
    gradients.set(tensor, before === undefined ? gradient : add(before, gradient));
  };
  outputs.forEach((output, k) => {
    accumulate(output, cotangents[k]!);
  });
  for (const node of path.reverse()) {
    const dys = node.outputs.map((output) => gradients.get(output) ?? null);
    const dy = dys[0];
    if (dys.every((each) => each === null)) continue;
    const wants = (i: number): boolean => {
      const input = node.inputs[i];
      return input != null && sources.has(input);
    };
    const context = {
      node,
      x: node.inputs,
      y: node.outputs,
      dys,
      dy: dy ?? zerosLike(node.outputs[0]!),
      wants,
      blocked,
    };
    const results = ruleOf(node)!(context);
    node.inputs.forEach((input, i) => {
      if (input === null || !sources.has(input)) return;
      const gradient = results[i];
      if (gradient === undefined) throw noRuleFor(node, i);
      if (gradient !== null) accumulate(input, gradient);
    });
  }
  return wrt.map((tensor) => gradients.get(tensor) ?? full(graph, tensor.shape, 0));
}

/** A rule that has nothing to say of an input must not pass for one that says zero. */
function noRuleFor(node: GraphNode, index: number): DrmGuardError {
  return new DrmGuardError(
    "E_NO_GRADIENT",
    `no gradient rule for ${node.op} (${node.name}) with respect to its input ${index}`,
  );
}

function zerosLike(tensor: Tensor): Tensor {
  return full(tensor.graph, tensor.shape, 0);
}

/** Nodes on a path of float values from `from` to `to`, in the order in which they run. */
export function nodesBetween(from: readonly Tensor[], to: readonly Tensor[]): GraphNode[] {
  const graph = to[0]!.graph;
  const reached = new Set<Tensor>(from);
  const forward: GraphNode[] = [];
  for (const node of graph.nodes) {
    const carries =
      node.inputs.some((input) => input !== null && reached.has(input)) && !isNotDifferentiable(node);
    if (!carries) continue;
    forward.push(node);
    for (const output of node.outputs) if (output.dtype === "float32") reached.add(output);
  }
  const needed = new Set<Tensor>(to);
  const path: GraphNode[] = [];
  for (const node of forward.reverse()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    path.push(node);
    for (const input of node.inputs) if (input !== null && input.dtype === "float32") needed.add(input);
  }
  return path.reverse();
}

/** Operators whose outputs do not change with small changes of the input: no gradient passes through them. */
export const piecewiseConstant: ReadonlySet<string> = new Set([
  "ArgMax",
  "ArgMin",
  "And",
  "Ceil",
  "Equal",
  "EyeLike",
  "Floor",
  "Greater",
  "GreaterOrEqual",
  "Hardmax",
  "IsInf",
  "IsNaN",
  "Less",
  "LessOrEqual",
  "NonZero",
  "Not",
  "OneHot",
  "Or",
  "Round",
  "Shape",
  "Sign",
  "Size",
  "Xor",
]);

function isNotDifferentiable(node: GraphNode): boolean {
  return node.domain === "" && piecewiseConstant.has(node.op);
}

function assertDifferentiable(path: readonly GraphNode[]): void {
  const missing = path.filter((node) => ruleOf(node) === undefined);
  if (missing.length === 0) return;
  const names = missing.map((node) => `${node.op} (${node.name})`);
  throw new DrmGuardError("E_NO_GRADIENT", `no gradient rule for ${names.length} nodes: ${names.join(", ")}`);
}
