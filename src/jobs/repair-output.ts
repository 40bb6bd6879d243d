/** The files that a repair writes. */
import { copyFile, open, readFile, realpath, rm, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { writeError } from "../data/node/file-error.ts";
import { writeWhole } from "../data/node/write-whole.ts";
import { DrmGuardError } from "../errors.ts";
import { type ExternalPatch, replaceWeights } from "../onnx/replace-weights.ts";

/** Where a repair that failed goes: `repaired.onnx` becomes `repaired.failed.onnx`. */
export function failedPath(output: string): string {
  const extension = extname(output);
  return `${output.slice(0, output.length - extension.length)}.failed${extension}`;
}

/** Where the model goes until it is judged. */
export function unverifiedPath(output: string): string {
  const extension = extname(output);
  return `${output.slice(0, output.length - extension.length)}.unverified${extension}`;
}

/**
 * Makes sure before any work that nothing is written over.
 *
 * Throws E_WRITE when the output, or what a failed repair would be called, is there already.
 */
export async function assertNewOutput(output: string): Promise<void> {
  for (const path of [output, failedPath(output)]) {
    const found = await stat(path).catch(() => null);
    if (found === null) continue;
    throw new DrmGuardError("E_WRITE", `found ${path}, expected a name for a new file`, {
      hint: "choose another --output, or take the file away",
    });
  }
  const folder = dirname(output);
  const found = await stat(folder).catch((cause: unknown) => {
    throw writeError(`cannot write to ${folder}`, cause);
  });
  if (!found.isDirectory()) {
    throw new DrmGuardError("E_WRITE", `found the file ${folder}, expected a folder to write to`);
  }
}

/**
 * Writes a copy of a model with other weights, and copies of the files that it keeps weights in, called after it.
 *
 * Throws E_WRITE when it cannot be written.
 *
 * @param model the path of the original
 * @param weights new values by the names of tensors
 * @returns how many files beside it there are
 */
export async function writeRepaired(
  model: string,
  weights: ReadonlyMap<string, Float32Array>,
  output: string,
): Promise<number> {
  const bytes = new Uint8Array(await readFile(model));
  const name = basename(output);
  const patched = replaceWeights(bytes, weights, (_, k) => externalName(name, k));
  for (const patch of patched.external) await writePatched(dirname(model), dirname(output), patch);
  await writeWhole(output, [patched.bytes]);
  return patched.external.length;
}

/**
 * Removes a copy with the files beside it.
 *
 * @param output the path of the copy
 * @param externalFiles how many files beside it there are
 */
export async function removeRepaired(output: string, externalFiles: number): Promise<void> {
  await rm(output, { force: true });
  for (let k = 0; k < externalFiles; k++) {
    await rm(join(dirname(output), externalName(basename(output), k)), { force: true });
  }
}

const externalName = (model: string, k: number): string => `${model}.data${k === 0 ? "" : `-${k}`}`;

async function writePatched(
  from: string,
  to: string,
  { location, copy, parts }: ExternalPatch,
): Promise<void> {
  const path = join(to, copy);
  try {
    // The model was read through the same name before, which was found to lie in its folder.
    await copyFile(await realpath(join(from, location)), path);
    const file = await open(path, "r+");
    try {
      for (const { offset, bytes } of parts) await file.write(bytes, 0, bytes.length, offset);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw writeError(`cannot write ${path}`, cause);
  }
}
