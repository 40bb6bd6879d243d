import { mkdtempSync, readdirSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { beforeEach, expect, test } from "vitest";
import { createDataSet, type DataSet } from "../../../src/data/datasets/dataset.ts";
import { openDataSet } from "../../../src/data/node/datasets/detect.ts";
import { type Preparation, type PreparedSet, prepareSet } from "../../../src/data/node/prepared-set.ts";
import { datasetOf } from "../../support/datasets.ts";
import { errorOf } from "../../support/errors.ts";

let cache: string;
let root: string;
let told: (readonly [number, number])[];

const picture = (red: number) => ({
  width: 6,
  height: 4,
  colour: (x: number, y: number) => [red, 10 * x, 10 * y],
});

beforeEach(async () => {
  cache = mkdtempSync(join(tmpdir(), "drmguard-cache-"));
  told = [];
  root = await datasetOf({
    "a.png": picture(0),
    "b.png": picture(100),
    "c.png": picture(255),
    "labels.csv": "file,yaw,pitch\na.png,0.5,1\nb.png,0.25,2\nc.png,0,3\n",
  });
});

/** Counts how many images are read from the files. */
function counted(dataSet: DataSet): { dataSet: DataSet; read: () => number } {
  let images = 0;
  const load: DataSet["load"] = (indices, wants) => {
    images += indices.length;
    return dataSet.load(indices, wants);
  };
  return { dataSet: { ...dataSet, load }, read: () => images };
}

async function prepared(changes: Partial<Preparation> = {}): Promise<PreparedSet & { read: number }> {
  const { dataSet, read } = counted(await openDataSet(root));
  const set = await prepareSet(root, dataSet, {
    wants: { channels: 3, size: null },
    cache,
    options: {},
    onImages: (done, count) => told.push([done, count]),
    shouldStop: () => false,
    ...changes,
  });
  return { ...set, read: read() };
}

test("pixels are the bytes of the files over 255, with labels and names", async () => {
  const { images, read } = await prepared();
  expect(read).toBe(3);
  expect(images).toMatchObject({ shape: [3, 3, 4, 6], labelNames: ["yaw", "pitch"] });
  expect(images.names).toEqual(["a.png", "b.png", "c.png"]);
  expect([...images.labels!]).toEqual([0.5, 1, 0.25, 2, 0, 3]);
  for (let i = 0; i < images.pixels.length; i++) {
    const [image, c, y, x] = [Math.floor(i / 72), Math.floor(i / 24) % 3, Math.floor(i / 6) % 4, i % 6];
    const byte = c === 0 ? [0, 100, 255][image]! : c === 1 ? 10 * x : 10 * y;
    if (images.pixels[i] !== Math.fround(byte / 255)) throw new Error(`value ${i}`);
  }
  expect(told).toEqual([[3, 3]]);
});

test("the second time nothing is read, and the same comes of it", async () => {
  const { read: _, ...first } = await prepared();
  const { read, ...second } = await prepared();
  expect(read).toBe(0);
  expect(second).toEqual(first);
  expect(told).toEqual([
    [3, 3],
    [3, 3],
  ]);
});

test("another size, other channels and other options are other images", async () => {
  const first = await prepared();
  const small = await prepared({ wants: { channels: 3, size: [2, 3] } });
  const gray = await prepared({ wants: { channels: 1, size: null } });
  const cropped = await prepared({ options: { crop: "face" } });
  expect(small.images.shape).toEqual([3, 3, 2, 3]);
  expect(gray.images.shape).toEqual([3, 1, 4, 6]);
  expect([small.read, gray.read, cropped.read]).toEqual([3, 3, 3]);
  expect(new Set([first, small, gray, cropped].map(({ key }) => key)).size).toBe(4);
  expect(readdirSync(join(cache, "images"))).toHaveLength(4);
});

test("a file that was changed is read again, by its size or by its time", async () => {
  const first = await prepared();
  const other = await sharp({ create: { width: 6, height: 4, channels: 3, background: "white" } })
    .png()
    .toBuffer();
  writeFileSync(join(root, "b.png"), other);
  const second = await prepared();
  expect(second.read).toBe(3);
  expect(second.key).not.toBe(first.key);
  expect(second.images.pixels.subarray(72, 144).every((value) => value === 1)).toBe(true);
  utimesSync(join(root, "b.png"), 1, 1);
  expect((await prepared()).read).toBe(3);
});

test("changed labels are never taken from the cache", async () => {
  await prepared();
  writeFileSync(join(root, "labels.csv"), "file,yaw,pitch\na.png,7,1\nb.png,0.25,2\nc.png,0,3\n");
  expect((await prepared()).images.labels![0]).toBe(7);
});

test("a damaged cache is made again", async () => {
  const first = await prepared();
  const [name] = readdirSync(join(cache, "images")) as [string];
  for (const damage of [
    (file: string) => truncateSync(file, 100),
    (file: string) => writeFileSync(file, "not a shape\n123"),
    (file: string) => writeFileSync(file, ""),
  ]) {
    damage(join(cache, "images", name));
    const again = await prepared();
    expect(again.read).toBe(3);
    expect(again.images).toEqual(first.images);
  }
});

test("images of several sizes are refused, and resized where a size is named", async () => {
  root = await datasetOf({
    "a.png": picture(0),
    "b.png": { ...picture(1), width: 5 },
    "labels.csv": "file,yaw\na.png,0\nb.png,1\n",
  });
  const error = await errorOf(() => prepared());
  expect(error).toMatchObject({ code: "E_IMAGES", message: expect.stringContaining("expected one size") });
  expect(readdirSync(cache)).toEqual([]);
  expect((await prepared({ wants: { channels: 3, size: [4, 4] } })).images.shape).toEqual([2, 3, 4, 4]);
});

/** 1001 images of one gray pixel after another, some of another size: three portions. */
function portions(sizeOf: (i: number) => readonly [number, number]): DataSet {
  return createDataSet({
    title: "portions",
    labels: [{ name: "value", unit: "as given" }],
    samples: Array.from({ length: 1001 }, (_, i) => ({ id: `${i}`, subject: null, labels: [i] })),
    skipped: [],
    notes: [],
    async *read(indices) {
      for (const [at, i] of indices.entries()) {
        const [height, width] = sizeOf(i);
        const pixels = new Float32Array(height * width).fill((i % 256) / 255);
        yield { at, image: { name: `${i}`, channels: 1, height, width, pixels } };
      }
    },
  });
}

const preparePortions = (dataSet: DataSet, changes: Partial<Preparation> = {}): Promise<PreparedSet> =>
  prepareSet(root, dataSet, {
    wants: { channels: 1, size: null },
    cache,
    options: {},
    onImages: (done, count) => told.push([done, count]),
    shouldStop: () => false,
    ...changes,
  });

test("many images are read in portions, and told of in between", async () => {
  const { images } = await preparePortions(portions(() => [1, 2]));
  expect(told).toEqual([
    [500, 1001],
    [1000, 1001],
    [1001, 1001],
  ]);
  expect(images.shape).toEqual([1001, 1, 1, 2]);
  for (const i of [0, 499, 500, 1000]) expect(images.pixels[2 * i]).toBe(Math.fround((i % 256) / 255));
});

test("another size in a later portion is found, even of as many pixels", async () => {
  const error = await errorOf(() => preparePortions(portions((i) => (i < 500 ? [1, 2] : [2, 1]))));
  expect(error).toMatchObject({
    code: "E_IMAGES",
    message: "found images of 1x2 and 2x1, expected one size",
  });
});

test("an interrupt is heard between portions, and leaves no half of a cache", async () => {
  const set = portions(() => [1, 2]);
  const error = await errorOf(() => preparePortions(set, { shouldStop: () => told.length === 2 }));
  expect(error.code).toBe("E_INTERRUPTED");
  expect(told).toHaveLength(2);
  expect(readdirSync(cache)).toEqual([]);
});

test("a cache that cannot be written is an error", async () => {
  writeFileSync(join(cache, "images"), "a file in the way");
  expect((await errorOf(() => prepared())).code).toBe("E_FILE");
});
