/** From a graph under construction to a function from arrays to arrays. */
import { DrmGuardError } from "../errors.ts";
import type { OnnxModel, OnnxValueInfo } from "../onnx/model.ts";
import { writeModel } from "../onnx/proto.ts";
import type { TensorData } from "../onnx/tensor-data.ts";
import { type Graph, type GraphNode, programOpset, type Tensor } from "../tensor/graph.ts";
import { sameShape } from "../tensor/shape.ts";
import type { Arrays, Runtime, SessionOptions } from "./runtime.ts";

/** IR version 10 goes with operator set 21. */
const irVersion = 10;

/** A compiled program. It owns native memory until it is released. */
export interface Program {
  /** The names and shapes of what goes in. */
  readonly inputs: readonly OnnxValueInfo[];
  /** Runs it. Throws E_SHAPE when an array does not fit, E_RUNTIME when the runtime fails. */
  run(feeds: Arrays): Promise<Arrays>;
  /** Gives the memory back. */
  release(): Promise<void>;
}

/** A program that is written down and not yet loaded. */
export interface WrittenProgram {
  readonly inputs: readonly OnnxValueInfo[];
  /** The names of its results. */
  readonly results: readonly string[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Compiles the part of a graph that some outputs need.
 *
 * Throws E_RUNTIME when the runtime refuses the graph.
 *
 * @param runtime what will run it
 * @param outputs the tensors to compute, by the names that the results will have
 * @param options of its session
 */
export function compile(
  runtime: Runtime,
  outputs: Readonly<Record<string, Tensor>>,
  options: SessionOptions = {},
): Promise<Program> {
  return loadProgram(runtime, writeProgram(outputs), options);
}

/**
 * Writes down the part of a graph that some outputs need.
 *
 * @param outputs the tensors to compute, by the names that the results will have
 */
export function writeProgram(outputs: Readonly<Record<string, Tensor>>): WrittenProgram {
  const model = toModel(outputs);
  return { inputs: model.graph.inputs, results: Object.keys(outputs), bytes: writeModel(model) };
}

/** Loads a program. Throws E_RUNTIME when the runtime refuses it. */
export async function loadProgram(
  runtime: Runtime,
  { inputs, results: names, bytes }: WrittenProgram,
  options: SessionOptions = {},
): Promise<Program> {
  const session = await runtime.load(bytes, options);
  return {
    inputs,
    async run(feeds) {
      for (const { name, dtype, shape } of inputs) assertFits(name, feeds[name], dtype!, shape as number[]);
      const needed = Object.fromEntries(inputs.map(({ name }) => [name, feeds[name]!]));
      const results = await session.run(needed);
      return Object.fromEntries(names.map((name) => [name, results[outputName(name)]!]));
    },
    release: () => session.release(),
  };
}

function assertFits(
  name: string,
  value: TensorData | undefined,
  dtype: string,
  shape: readonly number[],
): void {
  if (value !== undefined && value.dtype === dtype && sameShape(value.dims, shape)) return;
  const found = value === undefined ? "nothing" : `${value.dtype} [${value.dims.join(", ")}]`;
  throw new DrmGuardError(
    "E_SHAPE",
    `program input ${name} got ${found}, expected ${dtype} [${shape.join(", ")}]`,
  );
}

/**
 * The part of a graph that some outputs need, as an ONNX model.
 *
 * @param outputs the tensors to compute, by the names that the results will have
 */
export function toModel(outputs: Readonly<Record<string, Tensor>>): OnnxModel {
  const wanted = Object.entries(outputs);
  const graph = (wanted[0]![1] as Tensor).graph;
  const { nodes, tensors } = reachable(
    graph,
    wanted.map(([, tensor]) => tensor),
  );
  const info = ({ name, dtype, shape }: Tensor): OnnxValueInfo => ({ name, dtype, shape });
  return {
    irVersion,
    opsets: new Map([["", programOpset]]),
    producer: "drmguard",
    metadata: new Map(),
    functions: [],
    graph: {
      name: "program",
      inputs: graph.inputs.filter((tensor) => tensors.has(tensor)).map(info),
      outputs: wanted.map(([name, tensor]) => ({ ...info(tensor), name: outputName(name) })),
      initializers: new Map(
        graph.constants
          .filter((tensor) => tensors.has(tensor))
          .map(({ name, value }) => [name, value as TensorData]),
      ),
      nodes: [
        ...nodes.map((node) => ({
          name: node.name,
          op: node.op,
          domain: node.domain,
          inputs: node.inputs.map((input) => input?.name ?? ""),
          outputs: node.outputs.map((output) => output.name),
          attributes: node.attributes,
        })),
        // Results have names of their own: an output may be an input or a constant, or be asked for twice.
        ...wanted.map(([name, tensor]) => ({
          name: `result/${name}`,
          op: "Identity",
          domain: "",
          inputs: [tensor.name],
          outputs: [outputName(name)],
          attributes: {},
        })),
      ],
    },
  };
}

/** Results and a graph's own tensors share one space of names; a program's outputs get a prefix of their own. */
const outputName = (name: string): string => `result:${name}`;

function reachable(graph: Graph, outputs: readonly Tensor[]): { nodes: GraphNode[]; tensors: Set<Tensor> } {
  const tensors = new Set<Tensor>(outputs);
  const nodes: GraphNode[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => tensors.has(output))) continue;
    nodes.push(node);
    for (const input of node.inputs) if (input !== null) tensors.add(input);
  }
  return { nodes: nodes.reverse(), tensors };
}
