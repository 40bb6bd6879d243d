/** Handwritten digits from the package `mnist`: real pixels for tests. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** H = W of a digit, px. */
export const digitSide = 28;
const area = digitSide * digitSide;
const require = createRequire(import.meta.url);

/**
 * Some images of one digit, [28, 28] each, in [0, 1], white on black.
 *
 * @param digit which
 * @param count how many; the package has about a thousand of each
 */
export function readDigits(digit: number, count: number): Float32Array[] {
  const path = require.resolve("mnist/package.json").replace("package.json", `src/digits/${digit}.json`);
  const { data } = JSON.parse(readFileSync(path, "utf8")) as { data: number[] };
  return Array.from({ length: count }, (_, i) => Float32Array.from(data.slice(i * area, (i + 1) * area)));
}
