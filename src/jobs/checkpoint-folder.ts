/** Checkpoints in a folder: one file for each key, replaced whole. */
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileError } from "../data/node/file-error.ts";
import { temporaryExtension, writeWhole } from "../data/node/write-whole.ts";
import { DrmGuardError } from "../errors.ts";
import type { CheckpointArchive, SavedState } from "../loops/work.ts";

/** The first line of every file; the number changes with the format. */
const formatLine = "drmguard checkpoint 1";
const extension = ".checkpoint";

/** What the second line holds; the arrays follow it as little-endian float32, one after the other. */
interface Header {
  readonly json: unknown;
  readonly arrays: readonly { readonly name: string; readonly length: number }[];
}

/**
 * A store of checkpoints in a folder, which is made when the first one is saved.
 *
 * Loading throws E_RESUME when a file is not a whole checkpoint; saving throws E_WRITE when it cannot be written; listing and removing
 * throw E_FILE. A folder that is not there holds none.
 *
 * @param folder where the files are
 */
export function checkpointFolder(folder: string): CheckpointArchive {
  const pathOf = (key: string): string => join(folder, `${key}${extension}`);
  return {
    async load(key) {
      const bytes = await readIfThere(pathOf(key));
      return bytes === null ? null : decode(bytes, brokenCheckpoint(pathOf(key)));
    },
    save: (key, state) => writeWhole(pathOf(key), encode(state)),
    async keys(prefix) {
      const names = await namesIn(folder, prefix);
      return names.filter((name) => name.endsWith(extension)).map((name) => name.slice(0, -extension.length));
    },
    async remove(prefix) {
      for (const name of await namesIn(folder, prefix)) {
        // A save that was killed leaves its half.
        if (!name.endsWith(extension) && !name.endsWith(temporaryExtension)) continue;
        const path = join(folder, name);
        await rm(path, { force: true }).catch((cause: unknown) => {
          throw fileError(`cannot remove ${path}`, cause);
        });
      }
    },
  };
}

async function namesIn(folder: string, prefix: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => name.startsWith(prefix)).sort();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw fileError(`cannot list ${folder}`, cause);
  }
}

async function readIfThere(path: string): Promise<Uint8Array | null> {
  try {
    const { buffer, byteOffset, byteLength } = await readFile(path);
    // Without Buffer's own methods: its slice() is a view, where a copy is meant.
    return new Uint8Array(buffer, byteOffset, byteLength);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw fileError(`cannot read the checkpoint ${path}`, cause);
  }
}

/**
 * Writes a saved state as a file of its own. Throws E_WRITE when it cannot be written.
 *
 * @param path the file
 */
export function writeSavedState(path: string, state: SavedState): Promise<void> {
  return writeWhole(path, encode(state));
}

/**
 * Reads such a file. Throws E_FILE when it cannot be read or is no whole saved state.
 *
 * @param path the file
 */
export async function readSavedState(path: string): Promise<SavedState> {
  const bytes = await readIfThere(path);
  if (bytes === null) throw new DrmGuardError("E_FILE", `cannot read ${path}: there is no such file`);
  return decode(bytes, (what, cause) => new DrmGuardError("E_FILE", `${path} is ${what}`, { cause }));
}

function encode({ arrays, json }: SavedState): Uint8Array[] {
  const entries = Object.entries(arrays);
  const header: Header = { json, arrays: entries.map(([name, { length }]) => ({ name, length })) };
  const text = new TextEncoder().encode(`${formatLine}\n${JSON.stringify(header)}\n`);
  const bytes = entries.map(([, data]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return [text, ...bytes];
}

/** Says what is wrong with a file. */
type Broken = (what: string, cause?: unknown) => DrmGuardError;

const brokenCheckpoint =
  (path: string): Broken =>
  (what, cause) =>
    new DrmGuardError("E_RESUME", `the checkpoint ${path} is ${what}`, {
      cause,
      hint: "delete it to start over",
    });

function decode(bytes: Uint8Array, broken: Broken): SavedState {
  const first = bytes.indexOf(0x0a);
  const second = bytes.indexOf(0x0a, first + 1);
  const text = new TextDecoder();
  if (first < 0 || second < 0 || text.decode(bytes.subarray(0, first)) !== formatLine) {
    throw broken("of another format or cut off");
  }
  let header: Header;
  try {
    header = JSON.parse(text.decode(bytes.subarray(first + 1, second))) as Header;
  } catch (cause) {
    throw broken("damaged", cause);
  }
  const arrays: Record<string, Float32Array> = {};
  let offset = second + 1;
  for (const { name, length } of header.arrays) {
    if (offset + 4 * length > bytes.length) throw broken("cut off");
    // Copied, since float32 wants an aligned start.
    arrays[name] = new Float32Array(bytes.slice(offset, offset + 4 * length).buffer);
    offset += 4 * length;
  }
  return { arrays, json: header.json };
}
