/** The built modules that start child processes: from sources these would be TypeScript, which Node does not run. */
import { existsSync } from "node:fs";

/**
 * Loads a built module. Throws when nothing is built.
 *
 * @param path of the module below `src`, without its ending
 */
export async function built<T>(path: string): Promise<T> {
  const url = new URL(`../../dist/${path}.js`, import.meta.url);
  if (!existsSync(url)) throw new Error("dist/ is not built: run npm run build, or npm test");
  return (await import(url.href)) as T;
}
