/** The version of the package, and its page. */
import { readFileSync } from "node:fs";

// The path is the same from the sources and from the built files.
const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
  homepage?: string;
};

/** As package.json says. */
export const version: string = manifest.version;

/** As package.json says; null when it says none. */
export const homepage: string | null = manifest.homepage ?? null;
