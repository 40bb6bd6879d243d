/** Images of a data set at one size, decoded once and kept as bytes: reading 20,000 files takes a minute, one of them three seconds. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { DrmGuardError } from "../../errors.ts";
import { sha256 } from "../data-key.ts";
import type { BatchWants, DataSet } from "../datasets/dataset.ts";
import type { ImageSet } from "../image-set.ts";
import { fileError } from "./file-error.ts";
import { writeWhole } from "./write-whole.ts";

/** Images that are read at once: progress is told in between. */
const portion = 500;

/** All images of a data set, in memory. */
export interface PreparedSet {
  /** Pixels are multiples of 1 / 255. */
  readonly images: ImageSet;
  /** Names the pixels and labels by where they came from. */
  readonly key: string;
}

/** How images are prepared. */
export interface Preparation {
  readonly wants: BatchWants;
  /** Where bytes are kept. */
  readonly cache: string;
  /** Whatever else the pixels depend on, such as how faces are cut out; plain JSON. */
  readonly options: unknown;
  /** Is told how many images are read. */
  readonly onImages: (done: number, count: number) => void;
  /** Asked between portions; true means: throw E_INTERRUPTED. */
  readonly shouldStop: () => boolean;
}

/**
 * Reads all images of a data set, from the cache where they are there.
 *
 * Pixels are rounded to bytes, whether they come from files or from the cache. The cache is bound to the names, sizes and
 * times of the files, the options and the size, so that a changed file is read again.
 *
 * Throws what reading throws, E_INTERRUPTED when asked to stop, E_WRITE when the cache cannot be written.
 *
 * @param path where the data set is
 */
export async function prepareSet(
  path: string,
  dataSet: DataSet,
  { wants, cache, options, onImages, shouldStop }: Preparation,
): Promise<PreparedSet> {
  const key = await keyOf(path, dataSet, wants, options);
  const file = join(cache, "images", `${key.slice(0, 32)}.bytes`);
  const facts = {
    labels: Float32Array.from(dataSet.samples.flatMap(({ labels }) => labels)),
    labelNames: dataSet.labels.map(({ name }) => name),
    names: dataSet.samples.map(({ id }) => id),
  };
  const known = await readCache(file);
  if (known !== null) {
    onImages(dataSet.samples.length, dataSet.samples.length);
    return { key, images: { ...facts, ...known } };
  }
  const count = dataSet.samples.length;
  let bytes: Uint8Array | null = null;
  let shape: ImageSet["shape"] = [count, wants.channels, 0, 0];
  for (let start = 0; start < count; start += portion) {
    if (shouldStop()) throw new DrmGuardError("E_INTERRUPTED", "interrupted while images were read");
    const length = Math.min(portion, count - start);
    const indices = Array.from({ length }, (_, i) => start + i);
    const read = await dataSet.load(indices, wants);
    const [, c, h, w] = read.shape;
    if (bytes === null) {
      bytes = new Uint8Array(count * c * h * w);
      shape = [count, c, h, w];
    } else if (h !== shape[2] || w !== shape[3]) {
      throw new DrmGuardError(
        "E_IMAGES",
        `found images of ${shape[2]}x${shape[3]} and ${h}x${w}, expected one size`,
        { hint: "ask for a size: images are resized to it" },
      );
    }
    const at = start * c * h * w;
    for (let i = 0; i < read.pixels.length; i++) bytes[at + i] = Math.round(read.pixels[i]! * 255);
    onImages(start + length, count);
  }
  await writeWhole(file, [`${JSON.stringify(shape)}\n`, bytes!]);
  return { key, images: { ...facts, shape, pixels: fromBytes(bytes!) } };
}

function fromBytes(bytes: Uint8Array): Float32Array {
  const pixels = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) pixels[i] = bytes[i]! / 255;
  return pixels;
}

async function readCache(file: string): Promise<Pick<ImageSet, "pixels" | "shape"> | null> {
  const found = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return null;
    throw fileError(`cannot read ${file}`, cause);
  });
  if (found === null) return null;
  const end = found.indexOf(0x0a);
  const head = /^\[(\d+),(\d+),(\d+),(\d+)\]$/.exec(found.subarray(0, Math.max(0, end)).toString("latin1"));
  const shape = (head?.slice(1).map(Number) ?? [0, 0, 0, 0]) as unknown as ImageSet["shape"];
  const bytes = found.subarray(end + 1);
  // What is damaged is made again.
  if (head === null || bytes.length !== shape.reduce((a, b) => a * b, 1)) return null;
  return { shape, pixels: fromBytes(bytes) };
}

/** Files that a data set's images come from may be few and large: what counts is that none of them changed. */
async function keyOf(path: string, dataSet: DataSet, wants: BatchWants, options: unknown): Promise<string> {
  const about = await Promise.all(
    [...new Set(dataSet.samples.map(({ id }) => id.replace(/[#:].*$/, "")))].map(async (id) => {
      const file = await stat(join(path, id)).catch(() => null);
      return file === null ? id : `${id} ${file.size} ${Math.round(file.mtimeMs)}`;
    }),
  );
  const own = await stat(path);
  const root = own.isDirectory() ? path : `${path} ${own.size} ${Math.round(own.mtimeMs)}`;
  const text = JSON.stringify([root, dataSet.title, wants, options, dataSet.samples, about]);
  return sha256(new TextEncoder().encode(text));
}
