/** Weights that lie in files beside a model. A model is untrusted: it may only name files in its own folder. */
import { closeSync, fstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, resolve, sep, win32 } from "node:path";
import { DrmGuardError } from "../../errors.ts";
import type { ExternalDataReader } from "../../onnx/proto.ts";
import { reasonOf } from "./file-error.ts";

/**
 * A reader of the weights beside a model.
 *
 * It throws E_EXTERNAL_DATA when the location is absolute, leads out of the model's folder (also through a symbolic link), cannot be
 * read, or is shorter than the model says.
 *
 * @param modelPath the path of the .onnx file
 */
export function externalDataBeside(modelPath: string): ExternalDataReader {
  const folder = realpathSync(dirname(resolve(modelPath)));
  return (location, offset, length) => {
    const file = openFile(pathInside(folder, location), location);
    try {
      const { size } = fstatSync(file);
      return readPart(file, location, size, offset, length ?? size - offset);
    } finally {
      closeSync(file);
    }
  };
}

function refused(location: string, why: string): DrmGuardError {
  return new DrmGuardError(
    "E_EXTERNAL_DATA",
    `the model keeps weights in ${JSON.stringify(location)}, ${why}`,
  );
}

function pathInside(folder: string, location: string): string {
  const outside = "which is outside of its folder: that is not read";
  const steps = location.split(/[\\/]/);
  if (location === "" || isAbsolute(location) || win32.isAbsolute(location) || steps.includes(".."))
    throw refused(location, outside);
  let path: string;
  try {
    path = realpathSync(resolve(folder, location));
  } catch (cause) {
    throw refused(location, `which cannot be read: ${reasonOf(cause)}`);
  }
  const root = folder.endsWith(sep) ? folder : folder + sep;
  if (!path.startsWith(root)) throw refused(location, outside);
  return path;
}

function openFile(path: string, location: string): number {
  try {
    // Before it is opened: a named pipe would wait for ever.
    if (statSync(path).isFile()) return openSync(path, "r");
  } catch (cause) {
    throw refused(location, `which cannot be read: ${reasonOf(cause)}`);
  }
  throw refused(location, "which is no file");
}

function readPart(file: number, location: string, size: number, offset: number, length: number): Uint8Array {
  const isRange = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (!isRange || offset + length > size) {
    throw refused(location, `bytes ${offset} to ${offset + length}, but it has ${size} bytes`);
  }
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    // One call reads at most 2 GB.
    const count = readSync(file, bytes, filled, Math.min(length - filled, 2 ** 30), offset + filled);
    if (count === 0) throw refused(location, `which ended after ${filled} of ${length} bytes`);
    filled += count;
  }
  return bytes;
}
