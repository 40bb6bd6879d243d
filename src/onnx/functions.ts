/** Functions that a model brings along: each call is replaced by the function's body. */
import { DrmGuardError } from "../errors.ts";
import type { Attribute, Attributes, OnnxFunction, OnnxModel, OnnxNode } from "./model.ts";
import { mapGraphs, renamedNode } from "./rename.ts";

/** How deeply functions may call each other; more means that they call themselves. */
const maxDepth = 32;

/**
 * The model without functions. Nodes that come from a function written in another version of ONNX's operators carry
 * that version.
 *
 * Throws E_NOT_ONNX when functions call each other without end.
 */
export function inlineFunctions(model: OnnxModel): OnnxModel {
  if (model.functions.length === 0) return model;
  const table = new Map(model.functions.map((f) => [`${f.domain}::${f.name}`, f]));
  let calls = 0;
  const expandAll = (nodes: readonly OnnxNode[], depth: number): readonly OnnxNode[] =>
    nodes.flatMap((node) => expand(node, depth));
  const expand = (node: OnnxNode, depth: number): readonly OnnxNode[] => {
    const callee = table.get(`${node.domain}::${node.op}`);
    if (callee === undefined) {
      const attributes = mapGraphs(node.attributes, (graph) => ({
        ...graph,
        nodes: expandAll(graph.nodes, depth),
      }));
      return [{ ...node, attributes }];
    }
    if (depth > maxDepth)
      throw new DrmGuardError("E_NOT_ONNX", `function ${callee.name} calls itself without end`);
    calls += 1;
    return expandAll(bodyOf(callee, node, `${node.name || callee.name}/${calls}/`), depth + 1);
  };
  return { ...model, functions: [], graph: { ...model.graph, nodes: expandAll(model.graph.nodes, 0) } };
}

function bodyOf(callee: OnnxFunction, call: OnnxNode, prefix: string): OnnxNode[] {
  const names = new Map<string, string>([["", ""]]);
  callee.inputs.forEach((name, i) => {
    names.set(name, call.inputs[i] ?? "");
  });
  callee.outputs.forEach((name, i) => {
    names.set(name, call.outputs[i] || `${prefix}${name}`);
  });
  const rename = (name: string): string => names.get(name) ?? `${prefix}${name}`;
  const given: Attributes = { ...callee.defaults, ...call.attributes };
  const opset = callee.opsets.get("") ?? call.opset;
  return callee.nodes.map((node) => completed(renamedNode(node, rename), given, prefix, opset));
}

/** A node of a body with a name, the version that it is written in, and the call's attributes, in branches too. */
function completed(node: OnnxNode, given: Attributes, prefix: string, opset: number | undefined): OnnxNode {
  const attributes = mapGraphs(resolved(node.attributes, given), (graph) => ({
    ...graph,
    nodes: graph.nodes.map((inner) => completed(inner, given, prefix, opset)),
  }));
  return {
    ...node,
    name: node.name && `${prefix}${node.name}`,
    attributes,
    ...(opset === undefined ? {} : { opset }),
  };
}

/** Attributes that refer to the call's get its values; those it leaves out are left out. */
function resolved(attributes: Attributes, given: Attributes): Attributes {
  const entries = Object.entries(attributes).flatMap(([name, attribute]): [string, Attribute][] => {
    if (attribute.kind !== "reference") return [[name, attribute]];
    const value = given[attribute.value];
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(entries);
}
