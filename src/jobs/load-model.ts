/** A model from disk. */
import { readFile, stat } from "node:fs/promises";
import { sha256 } from "../data/data-key.ts";
import { externalDataBeside } from "../data/node/external-data.ts";
import { fileError } from "../data/node/file-error.ts";
import { DrmGuardError } from "../errors.ts";
import type { HeldInputs } from "../models/held-inputs.ts";
import { importModel } from "../models/import.ts";
import type { LoadedModel } from "../workflows/host.ts";

/** The file, its decoded weights and the runtime's copy of them are in memory at once. */
const copies = 3;

/**
 * Reads a model with the weights beside it.
 *
 * Throws E_FILE when it cannot be read, E_MEMORY when it is too large for the limit, and what {@link importModel} throws.
 *
 * @param path the ONNX file
 * @param memoryLimit bytes that may be taken in all
 * @param held values of the inputs beside the image
 */
export async function loadModel(
  path: string,
  memoryLimit: number,
  held: HeldInputs | null = null,
): Promise<LoadedModel> {
  const found = await stat(path).catch((cause: unknown) => {
    throw fileError(`cannot read the model ${path}`, cause);
  });
  if (found.isDirectory()) {
    throw new DrmGuardError("E_FILE", `found the folder ${path}, expected an ONNX file`);
  }
  if (found.size * copies > memoryLimit) {
    const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
    throw new DrmGuardError(
      "E_MEMORY",
      `the model has ${gigabytes(found.size)} and needs about ${gigabytes(found.size * copies)}, the limit is ${gigabytes(memoryLimit)}`,
      { hint: "--memory-limit raises it" },
    );
  }
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw fileError(`cannot read the model ${path}`, cause);
  });
  return {
    path,
    model: importModel(bytes, externalDataBeside(path), held ?? {}),
    sha256: await sha256(bytes),
    bytes: bytes.byteLength,
  };
}
