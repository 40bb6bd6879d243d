/** Puts a model inside a program. */
import { DrmGuardError } from "../errors.ts";
import type { Graph, OutputSpec, Tensor } from "../tensor/graph.ts";
import { sameShape } from "../tensor/shape.ts";
import { settledAttributes } from "./ceil-mode.ts";
import type { ModelInstance } from "./instance.ts";

/** A model inside a program. */
export interface Inlined {
  /** The model's outputs in its own order. */
  readonly outputs: readonly Tensor[];
  /** Every tensor of the model by its name in the file. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/**
 * Adds a model's nodes to a program.
 *
 * Throws E_SHAPE when the image has another shape than the instance was made for.
 *
 * @param instance the model at the shape of the image
 * @param image what it is applied to, in the model's own layout
 * @param weights tensors to use instead of weights of these names, such as inputs of the program that are trained
 */
export function inline(
  instance: ModelInstance,
  image: Tensor,
  weights: ReadonlyMap<string, Tensor> = new Map(),
): Inlined {
  const graph = image.graph;
  if (!sameShape(image.shape, instance.inputShape)) {
    const found = `[${image.shape.join(", ")}]`;
    throw new DrmGuardError(
      "E_SHAPE",
      `image has shape ${found}, the model was instantiated for [${instance.inputShape.join(", ")}]`,
    );
  }
  const known = new Map([[instance.model.input.name, image], ...weights]);
  const { tensors, lookup } = inlineNodes(graph, instance, instance.nodes, known);
  return { outputs: instance.outputs.map(lookup), tensors };
}

/** Some nodes of a model inside a program. */
export interface InlinedNodes {
  /** Every tensor that is known, read or made, by its name in the file. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** A tensor by its name, also one that the file holds as a constant. Throws E_NOT_ONNX when there is none. */
  readonly lookup: (name: string) => Tensor;
}

/**
 * Adds some of a model's nodes to a program.
 *
 * Throws E_NOT_ONNX when they read a tensor that is neither known, nor a weight, nor made by one before.
 *
 * @param instance the model at some shape
 * @param nodes in their order
 * @param given tensors by their names in the file, such as the image
 */
export function inlineNodes(
  graph: Graph,
  instance: ModelInstance,
  nodes: readonly ModelInstance["nodes"][number][],
  given: ReadonlyMap<string, Tensor>,
): InlinedNodes {
  const tensors = new Map(given);
  const lookup = (name: string): Tensor => {
    const known = tensors.get(name);
    if (known !== undefined) return known;
    const value = instance.folded.get(name) ?? instance.initializers.get(name);
    if (value === undefined)
      throw new DrmGuardError("E_NOT_ONNX", `tensor ${name} is read before it is made`);
    const tensor = graph.constant(value, name);
    tensors.set(name, tensor);
    return tensor;
  };
  for (const node of nodes) {
    if (node.outputs.every((output) => output === "" || instance.folded.has(output))) continue;
    if (isAlias(node.op, instance, node.inputs[0]!, node.outputs[0]!)) {
      tensors.set(node.outputs[0]!, lookup(node.inputs[0]!));
      continue;
    }
    const inputs = node.inputs.map((name) => (name === "" ? null : lookup(name)));
    const made = emitNode(graph, instance, node, inputs);
    node.outputs.forEach((name, i) => {
      if (name !== "") tensors.set(name, made[i]!);
    });
  }
  return { tensors, lookup };
}

/** Identity, and casts between floats that are all float32 here, are other names for their input. */
function isAlias(op: string, instance: ModelInstance, input: string, output: string): boolean {
  if (op === "Identity") return true;
  return (
    op === "Cast" && instance.dtypes.get(input) === "float32" && instance.dtypes.get(output) === "float32"
  );
}

function emitNode(
  graph: Graph,
  instance: ModelInstance,
  node: ModelInstance["nodes"][number],
  inputs: readonly (Tensor | null)[],
): Tensor[] {
  const outputs = node.outputs.map((name): OutputSpec => {
    const shape = instance.shapes.get(name) ?? [];
    return { name: name || node.op, shape, dtype: instance.dtypes.get(name) ?? "float32" };
  });
  const attributes = settledAttributes(node, inputs[0]?.shape ?? [], outputs[0]?.shape ?? []);
  return graph.emit(node.op, inputs, outputs, attributes, { domain: node.domain, name: node.name });
}
