/** Other names for the tensors of nodes, in their branches too. */
import type { Attribute, Attributes, OnnxGraph, OnnxNode } from "./model.ts";

/**
 * A node with every tensor under another name.
 *
 * @param node the node
 * @param rename gives the new name; it keeps "", which stands for an input or output left out
 */
export function renamedNode(node: OnnxNode, rename: (name: string) => string): OnnxNode {
  return {
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
    attributes: mapGraphs(node.attributes, (graph) => renamedGraph(graph, rename)),
  };
}

/** A graph with every tensor under another name, those that it reads from around it too. */
export function renamedGraph(graph: OnnxGraph, rename: (name: string) => string): OnnxGraph {
  const info = <T extends { readonly name: string }>(value: T): T => ({ ...value, name: rename(value.name) });
  return {
    ...graph,
    nodes: graph.nodes.map((node) => renamedNode(node, rename)),
    inputs: graph.inputs.map(info),
    outputs: graph.outputs.map(info),
    initializers: new Map([...graph.initializers].map(([name, value]) => [rename(name), value])),
  };
}

/** Attributes with their graphs changed. */
export function mapGraphs(attributes: Attributes, change: (graph: OnnxGraph) => OnnxGraph): Attributes {
  const entries = Object.entries(attributes).map(([name, attribute]): [string, Attribute] => [
    name,
    attribute.kind === "graph" ? { kind: "graph", value: change(attribute.value) } : attribute,
  ]);
  return Object.fromEntries(entries);
}

/** The names that a graph makes itself: all that it does not read from around it. */
export function ownNames(graph: OnnxGraph): Set<string> {
  return new Set([
    ...graph.inputs.map((input) => input.name),
    ...graph.initializers.keys(),
    ...graph.nodes.flatMap((node) => [
      ...node.outputs,
      ...Object.values(node.attributes).flatMap((attribute) =>
        attribute.kind === "graph" ? [...ownNames(attribute.value)] : [],
      ),
    ]),
  ]);
}
