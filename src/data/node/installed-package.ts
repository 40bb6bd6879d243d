/** Packages that are installed only by those who need them. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * Where a package is installed: as seen from the current folder, else from this one.
 *
 * @returns its folder, or null
 */
export function findPackage(name: string): string | null {
  for (const from of [join(process.cwd(), "package.json"), import.meta.url]) {
    try {
      return dirname(createRequire(from).resolve(`${name}/package.json`));
    } catch {
      // Not there: the next place, or none, which the caller reports.
    }
  }
  return null;
}
