/** Where a model lies in its repository, as a URI. */
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import type { SarifLocation } from "../report/sarif.ts";

/**
 * The path of a file from the root of the repository that it lies in, or from the current folder where there is none, with links followed
 * as code scanning wants it. A file outside of both is given by its absolute URI.
 *
 * @param path as it stands in a result; it need not be there any more
 * @param folder the current folder
 */
export function modelLocation(path: string, folder: string = process.cwd()): SarifLocation {
  const asked = resolve(folder, path);
  const file = followed(asked);
  const link = join(followed(dirname(asked)), basename(asked));
  const repository = repositoryOf(dirname(link)) ?? repositoryOf(dirname(file));
  // A link out of the repository leads to what nobody sees there; then the link itself is meant.
  for (const each of [file, link]) {
    const inside = relative(repository ?? followed(folder), each);
    if (inside !== "" && !isAbsolute(inside) && inside.split(sep)[0] !== "..") {
      // Half of a surrogate pair has no percent-encoding.
      const parts = inside.replaceAll(/\p{Surrogate}/gu, "\ufffd").split(sep);
      return { uri: parts.map(encodeURIComponent).join("/"), isRelative: true };
    }
  }
  return { uri: pathToFileURL(asked).href, isRelative: false };
}

/** A path without links; as it is when there is no such file. */
function followed(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** The nearest folder upwards with a `.git`, which is a file in a work tree; null for none. */
function repositoryOf(folder: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return at;
    if (dirname(at) === at) return null;
  }
}
