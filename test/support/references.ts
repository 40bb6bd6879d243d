/** Reference models with gradients from PyTorch, and how they are compared. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { grad } from "../../src/autodiff/grad.ts";
import { readNpz } from "../../src/data/npz.ts";
import { type ImportedModel, importModel } from "../../src/models/import.ts";
import { inline } from "../../src/models/inline.ts";
import { instantiate } from "../../src/models/instance.ts";
import type { TensorData } from "../../src/onnx/tensor-data.ts";
import { compile } from "../../src/runtime/compile.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { elements, Graph, type Tensor } from "../../src/tensor/graph.ts";
import { concat, reshape, slice } from "../../src/tensor/movement.ts";
import { mean, variance } from "../../src/tensor/reduction.ts";
import { range } from "../../src/tensor/shape.ts";

/** The names of the models of a folder, empty when there is no such folder. */
export function referenceNames(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(".onnx"))
    .map((file) => file.slice(0, -".onnx".length))
    .sort();
}

/** What PyTorch computed: the images x, the outputs y, and g = d mean_j Var_i(y_ij) / dx. */
export interface Reference {
  readonly model: ImportedModel;
  readonly x: TensorData;
  readonly y: Float32Array;
  readonly g: Float32Array;
}

/** Reads a model and its reference. */
export async function readReference(folder: string, name: string): Promise<Reference> {
  const model = importModel(readFileSync(join(folder, `${name}.onnx`)), (location, offset, length) =>
    readFileSync(join(folder, location)).subarray(offset, length === null ? undefined : offset + length),
  );
  const arrays = await readNpz(readFileSync(join(folder, `${name}.npz`)), ["x", "y", "g"]);
  const [x, y, g] = ["x", "y", "g"].map((key) => arrays.get(key)!) as [TensorData, TensorData, TensorData];
  return { model, x, y: y.data as Float32Array, g: g.data as Float32Array };
}

/** The outputs and the gradient as this project computes them. */
export async function evaluate(
  runtime: Runtime,
  { model, x }: Reference,
): Promise<{ y: Float32Array; g: Float32Array }> {
  const batch = x.dims[0]!;
  const instance = await instantiate(runtime, model, x.dims);
  const graph = new Graph();
  const image = graph.input("image", x.dims);
  const own = instance.inputShape[0]!;
  // A model that is fixed to a smaller batch runs several times side by side.
  const rows = range(batch / own).map((k): Tensor => {
    const part = slice(image, [{ axis: 0, start: k * own, end: (k + 1) * own }]);
    const [output] = inline(instance, part).outputs as [Tensor];
    return reshape(output, [own, elements(output) / own]);
  });
  const y = concat(rows, 0);
  const [g] = grad(mean(variance(y, { axes: [0] })), [image]) as [Tensor];
  const program = await compile(runtime, { y, g });
  try {
    const results = await program.run({ image: { dtype: "float32", dims: x.dims, data: x.data } });
    return { y: results.y!.data as Float32Array, g: results.g!.data as Float32Array };
  } finally {
    await program.release();
  }
}

/** max |expected - found| / max |expected|; infinite when the sizes differ or a value is not finite. */
export function relativeError(expected: ArrayLike<number>, found: ArrayLike<number>): number {
  if (expected.length !== found.length) return Number.POSITIVE_INFINITY;
  let scale = 0;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(expected[i]! - found[i]!);
    if (!Number.isFinite(difference)) return Number.POSITIVE_INFINITY;
    scale = Math.max(scale, Math.abs(expected[i]!));
    worst = Math.max(worst, difference);
  }
  return worst === 0 ? 0 : worst / scale;
}
