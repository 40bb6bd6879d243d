/** Archives of NumPy arrays. */
import { DrmGuardError } from "../errors.ts";
import type { TensorData } from "../onnx/tensor-data.ts";
import { readNpy } from "./npy.ts";
import { readZip } from "./zip.ts";

/**
 * Reads some arrays of a .npz file; those that are not in it are left out of the result.
 *
 * Throws E_IMAGES when the file is no archive or an array in it cannot be read.
 *
 * @param bytes the whole file
 * @param wanted the names of the arrays; null for all
 */
export async function readNpz(
  bytes: Uint8Array,
  wanted: readonly string[] | null,
): Promise<ReadonlyMap<string, TensorData>> {
  const entries = readZip(bytes);
  const arrays = new Map<string, TensorData>();
  for (const entry of entries) {
    if (!entry.name.endsWith(".npy")) continue;
    const name = entry.name.slice(0, -".npy".length);
    if (wanted === null || wanted.includes(name)) arrays.set(name, readNpy(name, await entry.read()));
  }
  if (arrays.size === 0) {
    const found = entries.map((entry) => entry.name).slice(0, 8);
    throw new DrmGuardError(
      "E_IMAGES",
      `the archive holds ${found.length === 0 ? "nothing" : found.join(", ")}, expected ${(wanted ?? ["*"]).map((name) => `${name}.npy`).join(" and ")}`,
    );
  }
  return arrays;
}
