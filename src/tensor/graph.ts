/** A graph under construction, and the symbolic tensors in it. */
import { DrmGuardError } from "../errors.ts";
import type { Attributes } from "../onnx/model.ts";
import { type DType, sizeOf, type TensorData } from "../onnx/tensor-data.ts";

/**
 * The operator set that programs are written in. Imported models of other versions are brought to it.
 * 21 (2024) is the last version before every float operator was renumbered for bfloat16, so ONNX Runtime's
 * fusions know all of its operators, and older versions only have to be raised, never lowered.
 */
export const programOpset = 21;

/** A value in a graph: a name with a shape and a type. Nothing is computed until the graph is compiled. */
export interface Tensor {
  readonly graph: Graph;
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The node that makes it; null for inputs and constants. */
  readonly node: GraphNode | null;
  /** The value of a constant; null for everything else. */
  readonly value: TensorData | null;
}

/** An operator applied to tensors. `null` among the inputs is an optional one left out. */
export interface GraphNode {
  readonly op: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly (Tensor | null)[];
  /** A gradient rule may append an optional output that the forward pass had left out. */
  readonly outputs: Tensor[];
  readonly attributes: Attributes;
}

/** What a node's output will look like. */
export interface OutputSpec {
  readonly shape: readonly number[];
  readonly dtype?: DType;
  readonly name?: string;
}

/** A graph under construction. Nodes stand in the order in which they were written, which is an order that runs. */
export class Graph {
  readonly nodes: GraphNode[] = [];
  readonly inputs: Tensor[] = [];
  readonly constants: Tensor[] = [];
  readonly #taken = new Set<string>();
  readonly #small = new Map<string, Tensor>();
  /** Tensors that depend on constants alone, and the nodes that made them: the same node is not written twice. */
  readonly #settled = new Set<Tensor>();
  readonly #settledNodes = new Map<string, Tensor[]>();
  #counter = 0;

  /**
   * A graph input.
   *
   * Throws E_INTERNAL when the name is taken.
   */
  input(name: string, shape: readonly number[], dtype: DType = "float32"): Tensor {
    if (this.#taken.has(name)) throw new DrmGuardError("E_INTERNAL", `graph input ${name} is given twice`);
    const tensor = this.#tensor(name, shape, dtype, null, null);
    this.inputs.push(tensor);
    return tensor;
  }

  /** A constant. Small equal ones are shared. */
  constant(value: TensorData, name = "constant"): Tensor {
    const key =
      value.data.length <= 64
        ? `${value.dtype}[${value.dims}]${Array.from(value.data as ArrayLike<unknown>).map((v) => (Object.is(v, -0) ? "-0" : v))}`
        : null;
    const known = key === null ? undefined : this.#small.get(key);
    if (known !== undefined) return known;
    const tensor = this.#tensor(name, value.dims, value.dtype, null, value);
    this.constants.push(tensor);
    this.#settled.add(tensor);
    if (key !== null) this.#small.set(key, tensor);
    return tensor;
  }

  /** Adds a node and gives its outputs. */
  emit(
    op: string,
    inputs: readonly (Tensor | null)[],
    outputs: readonly OutputSpec[],
    attributes: Attributes = {},
    { domain = "", name = "" }: { domain?: string; name?: string } = {},
  ): Tensor[] {
    for (const input of inputs) {
      if (input !== null && input.graph !== this) {
        throw new DrmGuardError("E_INTERNAL", `${op} takes ${input.name}, which belongs to another graph`);
      }
    }
    const isSettled =
      inputs.length > 0 && inputs.every((input) => input === null || this.#settled.has(input));
    const key = isSettled ? nodeKey(op, domain, inputs, outputs.length, attributes) : null;
    const known = key === null ? undefined : this.#settledNodes.get(key);
    if (known !== undefined) return known;
    const node: GraphNode = {
      op,
      domain,
      name: this.#name(name || op),
      inputs: [...inputs],
      outputs: [],
      attributes,
    };
    for (const output of outputs) this.appendOutput(node, output);
    this.nodes.push(node);
    if (key !== null) {
      this.#settledNodes.set(key, node.outputs);
      for (const output of node.outputs) this.#settled.add(output);
    }
    return node.outputs;
  }

  /** Whether a tensor depends on constants alone. */
  isSettled(tensor: Tensor): boolean {
    return this.#settled.has(tensor);
  }

  /** Asks a node that is already there for one more of its optional outputs. */
  appendOutput(node: GraphNode, { shape, dtype = "float32", name = node.op }: OutputSpec): Tensor {
    const tensor = this.#tensor(name, shape, dtype, node, null);
    node.outputs.push(tensor);
    return tensor;
  }

  #tensor(
    name: string,
    shape: readonly number[],
    dtype: DType,
    node: GraphNode | null,
    value: TensorData | null,
  ): Tensor {
    if (shape.some((dim) => !Number.isInteger(dim) || dim < 0)) {
      throw new DrmGuardError("E_SHAPE", `${name} would have the shape [${shape.join(", ")}]`);
    }
    return { graph: this, name: this.#name(name), shape: [...shape], dtype, node, value };
  }

  #name(wanted: string): string {
    let name = wanted;
    while (this.#taken.has(name)) name = `${wanted}_${++this.#counter}`;
    this.#taken.add(name);
    return name;
  }
}

/** What tells one node over constants from another. */
function nodeKey(
  op: string,
  domain: string,
  inputs: readonly (Tensor | null)[],
  outputs: number,
  attributes: Attributes,
): string {
  const names = inputs.map((input) => input?.name ?? "");
  const text = JSON.stringify(attributes, (_, value) => (typeof value === "bigint" ? String(value) : value));
  return JSON.stringify([op, domain, names, outputs, text]);
}

/** The value of a constant tensor. Throws E_UNSUPPORTED_OPERATOR when it depends on an input. */
export function constantOf(tensor: Tensor | null | undefined, what: string): TensorData {
  if (tensor?.value) return tensor.value;
  throw new DrmGuardError("E_UNSUPPORTED_OPERATOR", `${what} must not depend on the image`);
}

/** The number of elements of a tensor. */
export function elements(tensor: Tensor): number {
  return sizeOf(tensor.shape);
}
