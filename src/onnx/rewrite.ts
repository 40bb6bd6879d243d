/** Rewriting the nodes of a graph one by one. */
import type { Attributes, OnnxGraph, OnnxNode } from "./model.ts";
import { float32, int64, type TensorData } from "./tensor-data.ts";

/** What a rewriting rule may use: constants of the graph, and new nodes and names. */
export class Rewriter {
  readonly initializers: Map<string, TensorData>;
  readonly nodes: OnnxNode[] = [];
  readonly #constants: Map<string, TensorData>;
  readonly #taken: Set<string>;
  #counter = 0;

  constructor(graph: OnnxGraph, outer?: Rewriter) {
    this.initializers = new Map(graph.initializers);
    this.#constants = new Map([...(outer === undefined ? [] : outer.#constants), ...graph.initializers]);
    this.#taken = outer === undefined ? new Set() : outer.#taken;
    for (const input of graph.inputs) this.#taken.add(input.name);
    for (const name of graph.initializers.keys()) this.#taken.add(name);
    for (const node of graph.nodes) {
      // New nodes are called like their outputs, and names of nodes have to be different too.
      this.#taken.add(node.name);
      for (const output of node.outputs) this.#taken.add(output);
      const value = node.attributes.value;
      if (node.op === "Constant" && value?.kind === "tensor")
        this.#constants.set(node.outputs[0]!, value.value);
    }
  }

  /** A name that nothing else has. */
  fresh(hint: string): string {
    let name = hint;
    while (name === "" || this.#taken.has(name)) name = `${hint}_${++this.#counter}`;
    this.#taken.add(name);
    return name;
  }

  /** Makes a constant and gives its name. */
  constant(value: TensorData, hint = "constant"): string {
    const name = this.fresh(hint);
    this.initializers.set(name, value);
    this.#constants.set(name, value);
    return name;
  }

  /** A constant list of whole numbers. */
  ints(values: readonly number[]): string {
    return this.constant(int64(values));
  }

  /** A constant float scalar. */
  scalar(value: number): string {
    return this.constant(float32([value], []));
  }

  /** Adds a node with one output and gives its name. */
  emit(
    op: string,
    inputs: readonly string[],
    attributes: Attributes = {},
    output: string = this.fresh(op),
  ): string {
    this.nodes.push({ name: output, op, domain: "", inputs: trimmed(inputs), outputs: [output], attributes });
    return output;
  }

  /** Adds a node as it is, with some parts changed. */
  keep(node: OnnxNode, changes: Partial<OnnxNode> = {}): void {
    const merged = { ...node, ...changes };
    this.nodes.push({ ...merged, inputs: trimmed(merged.inputs) });
  }

  /** The value of a tensor, null when it is computed at run time. */
  valueOf(name: string): TensorData | null {
    return this.#constants.get(name) ?? null;
  }
}

function trimmed(inputs: readonly string[]): string[] {
  const list = [...inputs];
  while (list.length > 0 && list.at(-1) === "") list.pop();
  return list;
}

/** The attributes without some of them. */
export function without(attributes: Attributes, ...names: string[]): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));
}
