/** Functions that a model brings along: each call is replaced by the function's body. */
import { DrmGuardError } from "../errors.ts";
import type { Attribute, Attributes, OnnxFunction, OnnxModel, OnnxNode } from "./model.ts";

/** How deeply functions may call each other; more means that they call themselves. */
const maxDepth = 32;

/**
 * The model without functions.
 *
 * Throws E_NOT_ONNX when functions call each other without end, and E_OPSET when a function is written in another
 * version of ONNX's operators than the model.
 */
export function inlineFunctions(model: OnnxModel): OnnxModel {
  if (model.functions.length === 0) return model;
  const table = new Map(model.functions.map((f) => [`${f.domain}::${f.name}`, f]));
  let calls = 0;
  const expand = (node: OnnxNode, depth: number): readonly OnnxNode[] => {
    const callee = table.get(`${node.domain}::${node.op}`);
    if (callee === undefined) return [node];
    if (depth > maxDepth)
      throw new DrmGuardError("E_NOT_ONNX", `function ${callee.name} calls itself without end`);
    assertSameOpset(model, callee);
    calls += 1;
    return bodyOf(callee, node, `${node.name || callee.name}/${calls}/`).flatMap((n) => expand(n, depth + 1));
  };
  const nodes = model.graph.nodes.flatMap((node) => expand(node, 0));
  return { ...model, functions: [], graph: { ...model.graph, nodes } };
}

function assertSameOpset(model: OnnxModel, callee: OnnxFunction): void {
  const own = callee.opsets.get("");
  const outer = model.opsets.get("");
  if (own === undefined || own === outer) return;
  throw new DrmGuardError("E_OPSET", `function ${callee.name} uses operator set ${own}, the model ${outer}`);
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
  return callee.nodes.map((node) => ({
    ...node,
    name: `${prefix}${node.name}`,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
    attributes: resolved(node.attributes, given),
  }));
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
