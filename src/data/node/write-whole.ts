/** Writing files whole or not at all. */
import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { writeError } from "./file-error.ts";

/** How the other name ends: files with it that nobody writes are left from a process that was killed. */
export const temporaryExtension = ".tmp";

/**
 * Writes a file under another name and renames it when it is complete, so that nobody ever sees a half of it.
 *
 * Throws E_WRITE when it cannot be written; then nothing is left behind.
 *
 * @param path the file; its folder is made when it is not there
 * @param parts its content, written one after the other
 */
export async function writeWhole(path: string, parts: readonly (string | Uint8Array)[]): Promise<void> {
  const temporary = `${path}.${randomUUID().slice(0, 8)}${temporaryExtension}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, "wx");
    try {
      for (const part of parts) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    throw writeError(`cannot write ${path}`, cause);
  }
}
