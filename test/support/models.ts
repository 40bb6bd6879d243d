/** Small models, written node by node. */
import type { Attributes, OnnxGraph, OnnxModel, OnnxNode, OnnxValueInfo } from "../../src/onnx/model.ts";
import { writeModel } from "../../src/onnx/proto.ts";
import type { TensorData } from "../../src/onnx/tensor-data.ts";
import type { Arrays, Runtime } from "../../src/runtime/runtime.ts";

/** A node as a line: operator, inputs, outputs, attributes. */
export type NodeLine = readonly [op: string, inputs: string[], outputs: string[], attributes?: Attributes];

/** What a small model is made of. */
export interface ModelParts {
  readonly opset: number;
  readonly nodes: readonly (NodeLine | OnnxNode)[];
  readonly inputs?: readonly OnnxValueInfo[];
  readonly outputs?: readonly string[];
  readonly initializers?: Readonly<Record<string, TensorData>>;
  readonly domains?: Readonly<Record<string, number>>;
  readonly irVersion?: number;
}

/** A node from a line; a name with a dot before it stands for a domain, as in com.example.Op. */
export function node([op, inputs, outputs, attributes = {}]: NodeLine): OnnxNode {
  const dot = op.lastIndexOf(".");
  return {
    name: `${op}:${outputs[0]}`,
    op: op.slice(dot + 1),
    domain: dot < 0 ? "" : op.slice(0, dot),
    inputs,
    outputs,
    attributes,
  };
}

/** A graph of nodes. */
export function graphOf(
  nodes: ModelParts["nodes"],
  outputs: readonly string[],
  initializers: ModelParts["initializers"] = {},
  inputs: readonly OnnxValueInfo[] = [],
): OnnxGraph {
  return {
    name: "graph",
    nodes: nodes.map((each) => (Array.isArray(each) ? node(each as NodeLine) : (each as OnnxNode))),
    inputs,
    outputs: outputs.map((name) => ({ name, dtype: null, shape: null })),
    initializers: new Map(Object.entries(initializers)),
  };
}

/** A model; it takes "x" and gives "y" unless said otherwise. */
export function modelOf(parts: ModelParts): OnnxModel {
  const image: OnnxValueInfo = { name: "x", dtype: "float32", shape: ["N", 3, 4, 4] };
  return {
    irVersion: parts.irVersion ?? 8,
    opsets: new Map([["", parts.opset], ...Object.entries(parts.domains ?? {})]),
    producer: "test",
    metadata: new Map(),
    functions: [],
    graph: graphOf(parts.nodes, parts.outputs ?? ["y"], parts.initializers, parts.inputs ?? [image]),
  };
}

/** Runs a model once. */
export async function runModel(runtime: Runtime, model: OnnxModel, feeds: Arrays): Promise<Arrays> {
  const session = await runtime.load(writeModel(model), { optimize: false });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}
