/** What the operating system says when it refuses a file, in words. */
import { DrmGuardError, messageOf } from "../../errors.ts";

const words: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EACCES: "permission denied",
  EPERM: "not permitted",
  EISDIR: "it is a folder",
  EEXIST: "a file is in the way",
  ENOTDIR: "a part of the path is a file, not a folder",
  ENOSPC: "no space left on the device",
  EROFS: "the file system is read-only",
  ERR_FS_FILE_TOO_LARGE: "it is larger than 2 GB",
};

/**
 * Why a file could not be used.
 *
 * @param cause what a function of node:fs threw
 */
export function reasonOf(cause: unknown): string {
  return words[(cause as NodeJS.ErrnoException).code ?? ""] ?? messageOf(cause);
}

/**
 * An E_FILE error that says why.
 *
 * @param what what was tried, such as `cannot read model.onnx`
 * @param cause what a function of node:fs threw
 */
export function fileError(what: string, cause: unknown): DrmGuardError {
  return new DrmGuardError("E_FILE", `${what}: ${reasonOf(cause)}`, { cause });
}

/**
 * An E_WRITE error that says why.
 *
 * @param what what was tried, such as `cannot write result.json`
 * @param cause what a function of node:fs threw
 */
export function writeError(what: string, cause: unknown): DrmGuardError {
  return new DrmGuardError("E_WRITE", `${what}: ${reasonOf(cause)}`, { cause });
}
