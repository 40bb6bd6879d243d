/** Relu and max pooling exchanged where they follow each other. */
import type { OnnxGraph, OnnxNode } from "../onnx/model.ts";

/**
 * The same function with each Relu that only max pools read put behind them.
 *
 * Both are monotone, so max(0, max_t x_t) = max_t max(0, x_t). Behind the pool there is less to rectify, and the
 * gradient of Relu goes over the pooled image, a quarter or less of the other.
 *
 * @param graph nodes stand in an order in which they can run
 */
export function rectifyAfterPooling(graph: OnnxGraph): OnnxGraph {
  const readers = readersOf(graph);
  const moved = new Map<string, OnnxNode>();
  for (const node of graph.nodes) {
    const reading = readers.get(node.outputs[0] ?? "") ?? [];
    const isMovable = isOnnx(node, "Relu") && reading.length > 0;
    if (isMovable && reading.every((reader) => reader !== null && isPlainMaxPool(reader))) {
      moved.set(node.outputs[0]!, node);
    }
  }
  const nodes = graph.nodes.flatMap((node): OnnxNode[] => {
    if (moved.get(node.outputs[0]!) === node) return [];
    const relu = moved.get(node.inputs[0] ?? "");
    if (relu === undefined) return [node];
    const pooled = `${node.outputs[0]}/before ${relu.name || "Relu"}`;
    return [
      { ...node, inputs: [relu.inputs[0]!], outputs: [pooled] },
      { ...relu, name: `${relu.name}/after ${node.name}`, inputs: [pooled], outputs: [node.outputs[0]!] },
    ];
  });
  return { ...graph, nodes };
}

const isOnnx = (node: OnnxNode, op: string): boolean => node.op === op && node.domain === "";

/** A max pool that is not asked where its maxima were. */
function isPlainMaxPool(node: OnnxNode): boolean {
  return isOnnx(node, "MaxPool") && node.outputs.slice(1).every((output) => output === "");
}

/** Who reads a tensor: nodes, and null for the graph's outputs and for nodes inside of a branch or a loop. */
function readersOf(graph: OnnxGraph): Map<string, (OnnxNode | null)[]> {
  const readers = new Map<string, (OnnxNode | null)[]>();
  const add = (name: string, reader: OnnxNode | null): void => {
    readers.set(name, [...(readers.get(name) ?? []), reader]);
  };
  const visit = ({ nodes, outputs }: OnnxGraph, isInner: boolean): void => {
    for (const { name } of outputs) add(name, null);
    for (const node of nodes) {
      for (const input of node.inputs) add(input, isInner ? null : node);
      for (const attribute of Object.values(node.attributes)) {
        if (attribute.kind === "graph") visit(attribute.value, true);
      }
    }
  };
  visit(graph, false);
  return readers;
}
