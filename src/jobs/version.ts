/** The version of the package. */
import { readFileSync } from "node:fs";

/** As package.json says; the path is the same from the sources and from the built files. */
export const version: string = (
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }
).version;
