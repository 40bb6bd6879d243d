/** A model from files that were chosen. */
import { sha256 } from "../../src/data/data-key.ts";
import { DrmGuardError } from "../../src/errors.ts";
import type { HeldInputs } from "../../src/models/held-inputs.ts";
import { importModel } from "../../src/models/import.ts";
import type { ExternalDataReader } from "../../src/onnx/proto.ts";
import type { LoadedModel } from "../../src/workflows/host.ts";
import type { ModelFiles } from "../messages.ts";

/** Reads files without a promise; only workers have it. */
declare class FileReaderSync {
  readAsArrayBuffer(blob: Blob): ArrayBuffer;
}

/** The file, its decoded weights and the runtime's copy of them are in memory at once. */
const copies = 3;

/**
 * Reads a model.
 *
 * Throws E_MEMORY when it is too large, and what {@link importModel} throws.
 *
 * @param memoryLimit bytes that may be taken in all
 * @param held values of the inputs beside the image
 */
export async function readModelFiles(
  { model, external }: ModelFiles,
  memoryLimit: number,
  held: HeldInputs | null = null,
): Promise<LoadedModel> {
  const size = [model, ...external].reduce((total, file) => total + file.size, 0);
  if (size * copies > memoryLimit) {
    const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
    throw new DrmGuardError(
      "E_MEMORY",
      `the model has ${gigabytes(size)} and needs about ${gigabytes(size * copies)}, a browser has ${gigabytes(memoryLimit)}`,
      { hint: "drmguard scan, on the command line, takes larger ones" },
    );
  }
  const bytes = new Uint8Array(await model.arrayBuffer());
  return {
    path: model.name,
    model: importModel(bytes, externalDataIn(external), held ?? {}),
    sha256: await sha256(bytes),
    bytes: bytes.byteLength,
  };
}

/**
 * A reader of weights in files that were chosen with the model, found by the last part of their names.
 *
 * It throws E_EXTERNAL_DATA when there is no such file or it is shorter than the model says.
 */
export function externalDataIn(files: readonly File[]): ExternalDataReader {
  return (location, offset, length) => {
    const name = location.split(/[\\/]/).at(-1)!;
    const file = files.find((each) => each.name === name);
    const kept = `the model keeps weights in ${JSON.stringify(location)}`;
    if (file === undefined) {
      throw new DrmGuardError("E_EXTERNAL_DATA", `${kept}, which was not given`, {
        hint: `choose ${name} together with the model`,
      });
    }
    const end = length === null ? file.size : offset + length;
    if (!(offset >= 0 && offset <= end && end <= file.size)) {
      throw new DrmGuardError(
        "E_EXTERNAL_DATA",
        `${kept}, bytes ${offset} to ${end}, but it has ${file.size} bytes`,
      );
    }
    return new Uint8Array(new FileReaderSync().readAsArrayBuffer(file.slice(offset, end)));
  };
}
