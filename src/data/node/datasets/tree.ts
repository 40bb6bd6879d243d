/** The files of a data set, and access to them by their paths inside of it. */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { DrmGuardError } from "../../../errors.ts";
import type { SkippedFile } from "../../datasets/dataset.ts";
import { fileError } from "../file-error.ts";

/** A data set's files. Paths are relative to it, with slashes. */
export interface FileTree {
  /** Ascending by code units: the order decides splits, and so must not depend on the machine. */
  readonly files: readonly string[];
  /** Files that systems leave behind, such as `._0001.jpg`. */
  readonly hidden: readonly SkippedFile[];
  has(path: string): boolean;
  /** Where a file is on disk. */
  pathOf(path: string): string;
  /** The bytes of a file; throws E_FILE. */
  bytes(path: string): Promise<Uint8Array>;
  /** A file as text; throws E_FILE. */
  text(path: string): Promise<string>;
}

/**
 * Lists the files of a folder and all folders in it, or takes a single file as a tree of one.
 *
 * Throws E_FILE when the path cannot be read, E_IMAGES when there is no file.
 *
 * @param path a folder or file
 */
export async function readTree(path: string): Promise<FileTree> {
  const kind = await stat(path).catch((cause: unknown) => {
    throw fileError(`cannot read the data set at ${path}`, cause);
  });
  const root = kind.isDirectory() ? path : dirname(path);
  const all = kind.isDirectory() ? await listFiles(path) : [basename(path)];
  if (all.length === 0) throw new DrmGuardError("E_IMAGES", `found no files in ${path}, expected a data set`);
  const isHidden = (file: string): boolean => /(^|\/)(\.|__MACOSX\/)/.test(file);
  const files = all.filter((file) => !isHidden(file)).sort();
  const known = new Set(files);
  const pathOf = (file: string): string => join(root, file);
  const bytes = (file: string): Promise<Uint8Array> =>
    readFile(pathOf(file)).catch((cause: unknown) => {
      throw fileError(`cannot read ${pathOf(file)}`, cause);
    });
  return {
    files,
    hidden: all.filter(isHidden).map((file) => ({ file, reason: "hidden file" })),
    has: (file) => known.has(file),
    pathOf,
    bytes,
    text: async (file) => new TextDecoder().decode(await bytes(file)),
  };
}

async function listFiles(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw fileError(`cannot list ${root}`, cause);
  });
  return entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll(sep, "/"));
}

/** The folder of a path inside of a tree, with its slash; empty for the tree itself. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}
