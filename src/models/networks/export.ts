/** A trained network as an ONNX file for others: inference only, any batch size, and what one must know to use it. */
import { DrmGuardError } from "../../errors.ts";
import type { OnnxModel, OnnxValueInfo } from "../../onnx/model.ts";
import { writeModel } from "../../onnx/proto.ts";
import { renamedGraph } from "../../onnx/rename.ts";
import { toModel } from "../../runtime/compile.ts";
import { Graph } from "../../tensor/graph.ts";
import { frozenNetwork } from "./frozen.ts";
import type { NetworkArrays, NetworkOptions } from "./network.ts";

/** What is written into the file's metadata. */
export interface NetworkDescription {
  /** What is regressed, such as `gaze`. */
  readonly task: string;
  /** The unit of the outputs, such as `radians`. */
  readonly units: string;
  /** A name for each output, such as `pitch`, `yaw`. */
  readonly outputNames: readonly string[];
  /** The seed of the training. */
  readonly seed: number;
}

/** Operator set and IR version of exported files: the newest that ONNX 1.12 (Debian 12) knows. */
const exported = { opset: 17, irVersion: 8 };

/**
 * Operators that networks are written with, all of which have meant the same since operator set 13, in which they are
 * counted: a file written in a newer set may say that it is of set 17.
 */
const stableOperators: ReadonlySet<string> = new Set([
  "Add",
  "Conv",
  "Flatten",
  "Gemm",
  "GlobalAveragePool",
  "MaxPool",
  "Relu",
]);

/**
 * A trained network as ONNX bytes: `image` [N, C, H, W] in [0, 1] to `outputs` [N, d], N free, batch norm folded into
 * the convolutions. The metadata has task, units, outputs, normalisation, architecture, width and seed.
 *
 * Throws E_NAN when a weight is not finite, E_SHAPE when there are not as many names as outputs.
 */
export function exportNetwork(
  arrays: NetworkArrays,
  options: NetworkOptions,
  { task, units, outputNames, seed }: NetworkDescription,
): Uint8Array<ArrayBuffer> {
  if (outputNames.length !== options.outputs) {
    throw new DrmGuardError(
      "E_SHAPE",
      `found ${outputNames.length} names of outputs, expected ${options.outputs}`,
    );
  }
  const graph = new Graph();
  const image = graph.input("image", [1, ...options.image]);
  const { outputs } = frozenNetwork(image, arrays, options);
  for (const { name, value } of graph.constants) {
    const isWhole = value!.dtype !== "float32" || (value!.data as Float32Array).every(Number.isFinite);
    if (isWhole) continue;
    throw new DrmGuardError("E_NAN", `found a number that is not finite in ${name}, expected finite weights`);
  }
  const metadata = new Map([
    ["task", task],
    ["units", units],
    ["outputs", outputNames.join(",")],
    ["normalisation", "none: pixels in [0, 1]"],
    ["channels", options.image[0] === 3 ? "rgb" : `${options.image[0]}`],
    ["architecture", options.architecture],
    ["width", `${options.width}`],
    ["seed", `${seed}`],
  ]);
  return writeModel({ ...asInference(toModel({ outputs }), outputs.name), metadata });
}

/** A program of one output as a model of its own: the batch size free, the last copy left out. */
function asInference(program: OnnxModel, output: string): OnnxModel {
  const nodes = program.graph.nodes.filter(({ op }) => op !== "Identity");
  const foreign = nodes.find(({ op }) => !stableOperators.has(op));
  if (foreign !== undefined) {
    throw new DrmGuardError(
      "E_INTERNAL",
      `${foreign.op} is not known to be the same in set ${exported.opset}`,
    );
  }
  const free = (info: OnnxValueInfo): OnnxValueInfo => ({ ...info, shape: ["N", ...info.shape!.slice(1)] });
  const [result] = program.graph.outputs;
  const graph = {
    ...program.graph,
    name: "network",
    nodes,
    inputs: program.graph.inputs.map(free),
    outputs: [{ ...free(result!), name: output }],
  };
  return {
    ...program,
    irVersion: exported.irVersion,
    opsets: new Map([["", exported.opset]]),
    graph: renamedGraph(graph, (name) => (name === output ? "outputs" : name)),
  };
}
