/** The networks that are measured, and the objective that is measured on them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { grad } from "../src/autodiff/grad.ts";
import { objective, objectiveTerms } from "../src/identification/paper/objective.ts";
import { paperPresets } from "../src/identification/paper/options.ts";
import { applyModel, examine } from "../src/models/examined-model.ts";
import { importModel } from "../src/models/import.ts";
import { defaultPreprocessing } from "../src/models/preprocessing.ts";
import { float32, zeros } from "../src/onnx/tensor-data.ts";
import type { Arrays, Runtime } from "../src/runtime/runtime.ts";
import { Graph, type Tensor } from "../src/tensor/graph.ts";

/** ResNet-18 of some width at some size. */
export interface Case {
  readonly name: string;
  readonly width: number;
  readonly size: number;
  readonly batch: number;
  /** How many times as fast as PyTorch it has to be. */
  readonly goal: number;
}

/** What is measured. */
export const cases: readonly Case[] = [
  { name: "ResNet-18, 224 px, batch 4", width: 1, size: 224, batch: 4, goal: 1.25 },
  { name: "ResNet-18 of width 0.25, 64 px, batch 50", width: 0.25, size: 64, batch: 50, goal: 1.5 },
];

/** The weights of Eq. 5 for a case: those of the gaze task, scaled to the image. */
export function lambdasOf({ size }: Case): { lambda1: number; lambda2: number } {
  const { lambda1, lambda2, referenceValues } = paperPresets.gaze;
  const scale = (size * size * 3) / referenceValues;
  return { lambda1: lambda1 * scale, lambda2: lambda2 * scale };
}

/** The loss of Eq. 5 and its gradient with respect to x', as a graph, with what it is fed. */
export interface ObjectiveGraph {
  readonly outputs: { readonly loss: Tensor; readonly gradient: Tensor };
  readonly feeds: Arrays;
  /** Multiplications and additions of the network's convolutions and dense layers, forwards and to the input. */
  readonly flops: number;
}

/**
 * Writes the graph for a network that PyTorch exported.
 *
 * @param folder what the reference process wrote
 */
export async function objectiveGraph(
  runtime: Runtime,
  { size, batch }: Case,
  folder: string,
): Promise<ObjectiveGraph> {
  const shape = [batch, 3, size, size] as const;
  const model = importModel(await readFile(join(folder, "model.onnx")));
  const examined = await examine(runtime, model, defaultPreprocessing, shape, {
    features: null,
    outputs: null,
  });
  const graph = new Graph();
  const clean = graph.input("clean", shape);
  const reversed = graph.input("reversed", shape);
  const cleanAngleVariance = graph.input("cleanAngleVariance", [2]);
  const { outputs, angles } = applyModel(examined, reversed);
  const flops = 2 * multiplyAdds(graph) * 2;
  const options = paperPresets.gaze;
  const cleanOutputVariance = graph.constant(zeros("float32", [2]));
  const terms = objectiveTerms(
    { clean, reversed, outputs, angles: angles!, cleanAngleVariance, cleanOutputVariance },
    options,
    1,
  );
  const loss = objective(terms, options, 3 * size * size);
  const [gradient] = grad(loss, [reversed], runtime) as [Tensor];
  const array = async (name: string): Promise<Float32Array> => await readFloats(join(folder, `${name}.f32`));
  return {
    outputs: { loss, gradient },
    feeds: {
      clean: float32(await array("clean"), shape),
      reversed: float32(await array("reversed"), shape),
      cleanAngleVariance: float32(await array("cleanAngleVariance"), [2]),
    },
    flops,
  };
}

/** The products of the convolutions and dense layers of a graph. */
function multiplyAdds(graph: Graph): number {
  return graph.nodes.reduce((total, { op, inputs, outputs }) => {
    if (op !== "Conv" && op !== "Gemm") return total;
    const size = outputs[0]!.shape.reduce((a, b) => a * b, 1);
    // [M, C / group, ...kernel] and, for the dense layer, [k, m]: all but the first axis are summed over.
    return total + size * inputs[1]!.shape.slice(1).reduce((a, b) => a * b, 1);
  }, 0);
}

/** A file of little-endian float32. */
export async function readFloats(path: string): Promise<Float32Array> {
  const bytes = await readFile(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
