/** Many parameters as one vector: one input, one gradient, one Adam state, one array in a checkpoint. */
import { DrmGuardError } from "../errors.ts";
import { int } from "../onnx/model.ts";
import { float32, int64, sizeOf, type TensorData } from "../onnx/tensor-data.ts";
import type { Tensor } from "../tensor/graph.ts";
import { reshape } from "../tensor/movement.ts";

/** The order and shapes of parameters in a vector. */
export type Packing = readonly { readonly name: string; readonly shape: readonly number[] }[];

/** The packing of arrays, in the order in which they are listed. */
export function packingOf(arrays: Readonly<Record<string, TensorData>>): Packing {
  return Object.entries(arrays).map(([name, { dims }]) => ({ name, shape: dims }));
}

/** The length of a packed vector. */
export function packedLength(packing: Packing): number {
  return packing.reduce((total, { shape }) => total + sizeOf(shape), 0);
}

/** Arrays as one vector. */
export function pack(arrays: Readonly<Record<string, TensorData>>): Float32Array {
  const packing = packingOf(arrays);
  const vector = new Float32Array(packedLength(packing));
  let start = 0;
  for (const { name, shape } of packing) {
    vector.set(arrays[name]!.data as Float32Array, start);
    start += sizeOf(shape);
  }
  return vector;
}

/** A vector as arrays; they are views of it. Throws E_SHAPE when its length does not fit. */
export function unpack(vector: Float32Array, packing: Packing): Record<string, TensorData> {
  if (vector.length !== packedLength(packing)) {
    throw new DrmGuardError(
      "E_SHAPE",
      `found ${vector.length} packed numbers, expected ${packedLength(packing)}`,
    );
  }
  let start = 0;
  const entries = packing.map(({ name, shape }) => {
    const size = sizeOf(shape);
    const view = vector.subarray(start, start + size);
    start += size;
    return [name, float32(view, shape)] as const;
  });
  return Object.fromEntries(entries);
}

/** A packed vector as tensors, inside a program. */
export function unpackTensors(vector: Tensor, packing: Packing): Record<string, Tensor> {
  const sizes = packing.map(({ shape }) => sizeOf(shape));
  const parts = vector.graph.emit(
    "Split",
    [vector, vector.graph.constant(int64(sizes))],
    sizes.map((size) => ({ shape: [size] })),
    { axis: int(0) },
  );
  return Object.fromEntries(packing.map(({ name, shape }, i) => [name, reshape(parts[i]!, shape)]));
}
