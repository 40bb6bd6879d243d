/** Models that were exported for one batch size: their shapes have it written in, and are opened here. */
import { DrmGuardError, messageOf } from "../errors.ts";
import { getInt, int, type OnnxGraph, type OnnxNode } from "../onnx/model.ts";
import { writeModel } from "../onnx/proto.ts";
import { float32, int64, type TensorData, toNumbers } from "../onnx/tensor-data.ts";
import type { Arrays, Runtime } from "../runtime/runtime.ts";
import { programOpset } from "../tensor/graph.ts";
import type { ImportedModel } from "./import.ts";

/**
 * The graph of a model that is fixed to one batch size, for another.
 *
 * Constant target shapes of Reshape and Expand begin with the batch size (or a multiple of it, for windows), and
 * what is joined to images along another axis without depending on them (a class token) has it too. Whether these
 * rules met the model is not left to hope: {@link assertSameFunction} compares the two.
 *
 * Throws E_MODEL_INPUT when the wanted batch is no multiple of the one written in.
 *
 * @param from the batch size that is written in
 * @param to the batch size that is wanted
 */
export function rebatch(graph: OnnxGraph, input: string, from: number, to: number): OnnxGraph {
  if (to % from !== 0) {
    throw new DrmGuardError(
      "E_MODEL_INPUT",
      `the model is fixed to a batch of ${from}, found a batch of ${to}`,
      {
        hint: "export it with a dynamic batch axis",
      },
    );
  }
  const initializers = new Map(graph.initializers);
  const dynamic = new Set([input]);
  const nodes: OnnxNode[] = [];
  let counter = 0;
  const constant = (value: TensorData): string => {
    const name = `rebatched ${++counter}`;
    initializers.set(name, value);
    return name;
  };
  for (const node of graph.nodes) {
    const isDynamic = node.inputs.some((name) => dynamic.has(name));
    if (isDynamic) for (const output of node.outputs) dynamic.add(output);
    const target = initializers.get(node.inputs[1] ?? "");
    if (isDynamic && (node.op === "Reshape" || node.op === "Expand") && target !== undefined) {
      const shape = openedShape(toNumbers(target), from, to, node.op);
      nodes.push({ ...node, inputs: [node.inputs[0]!, constant(int64(shape))] });
    } else if (isDynamic && node.op === "Concat" && getInt(node, "axis", 0) !== 0) {
      const inputs = node.inputs.map((name) => {
        if (dynamic.has(name)) return name;
        const output = `rebatched ${++counter}`;
        const copies = new Array<string>(to / from).fill(name);
        nodes.push({
          name: output,
          op: "Concat",
          domain: "",
          inputs: copies,
          outputs: [output],
          attributes: { axis: int(0) },
        });
        return output;
      });
      nodes.push({ ...node, inputs });
    } else nodes.push(node);
  }
  return { ...graph, nodes, initializers };
}

/** [from k, rest] for another batch size: the size is left to be found, or scaled where another axis is left open. */
function openedShape(shape: readonly number[], from: number, to: number, op: string): number[] {
  const [lead, ...rest] = shape as [number, ...number[]];
  if (lead <= 0 || lead % from !== 0) return [...shape];
  if (op === "Reshape" && !rest.includes(-1) && !rest.includes(0)) return [-1, ...rest];
  return [(lead * to) / from, ...rest];
}

/** Rounding differs between batch sizes; a wrong reshape does not stop at this. */
const tolerance = 1e-3;

/**
 * Runs both graphs on the same images and throws E_MODEL_INPUT when they disagree.
 *
 * @param inputShape the shape for the opened graph, batch first
 */
export async function assertSameFunction(
  runtime: Runtime,
  model: ImportedModel,
  opened: OnnxGraph,
  inputShape: readonly number[],
): Promise<void> {
  const fixed = model.fixedBatch!;
  const size = inputShape.slice(1).reduce((a, b) => a * b, 1);
  const pixels = Float32Array.from(
    { length: inputShape[0]! * size },
    (_, i) => 0.5 + 0.5 * Math.sin(i * 0.37 + (i % 97)),
  );
  const refuse = (why: string, cause?: unknown): DrmGuardError =>
    new DrmGuardError(
      "E_MODEL_INPUT",
      `the model is fixed to a batch of ${fixed} and cannot be opened to ${inputShape[0]}: ${why}`,
      {
        cause,
        hint: "export it with a dynamic batch axis",
      },
    );
  let all: Arrays;
  try {
    all = await runOnce(runtime, model, opened, float32(pixels, inputShape));
  } catch (cause) {
    throw refuse(messageOf(cause), cause);
  }
  const part = float32(pixels.slice(0, fixed * size), [fixed, ...inputShape.slice(1)]);
  const some = await runOnce(runtime, model, model.graph, part);
  for (const [name, value] of Object.entries(some)) {
    const expected = value.data as Float32Array;
    const found = (all[name]!.data as Float32Array).subarray(0, expected.length);
    const scale = Math.max(...expected.map(Math.abs), 1e-6);
    const worst = Math.max(...expected.map((v, i) => Math.abs(v - found[i]!)));
    if (!(worst <= tolerance * scale)) throw refuse(`output ${name} changes by ${worst}`);
  }
}

async function runOnce(
  runtime: Runtime,
  model: ImportedModel,
  graph: OnnxGraph,
  image: TensorData,
): Promise<Arrays> {
  const bytes = writeModel({
    irVersion: 10,
    opsets: new Map([...model.file.opsets, ["", programOpset]]),
    producer: "drmguard",
    metadata: new Map(),
    functions: [],
    graph: {
      ...graph,
      inputs: [{ name: model.input.name, dtype: "float32", shape: image.dims.map(() => null) }],
      outputs: graph.outputs.map(({ name, dtype }) => ({ name, dtype, shape: null })),
    },
  });
  const session = await runtime.load(bytes, { optimize: false });
  try {
    return await session.run({ [model.input.name]: image });
  } finally {
    await session.release();
  }
}
