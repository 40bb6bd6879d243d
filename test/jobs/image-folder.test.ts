import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import type { ImageSet } from "../../src/data/image-set.ts";
import { readBenign } from "../../src/data/node/read-benign.ts";
import { writeImageFolder } from "../../src/jobs/image-folder.ts";
import { pngOf } from "../../src/jobs/png.ts";
import { errorOf } from "../support/errors.ts";

const folder = (): string => join(mkdtempSync(join(tmpdir(), "drmguard-images-")), "out");

/** Every byte once, in each of the channels. */
function someBytes(channels: 1 | 3): ImageSet {
  const pixels = Float32Array.from({ length: 2 * channels * 16 * 8 }, (_, i) => (i % 256) / 255);
  return {
    pixels,
    shape: [2, channels, 16, 8],
    labels: Float32Array.of(0.1, -2, 3e-9, 4),
    labelNames: ["yaw", "pitch"],
    names: [],
  };
}

test.each([1, 3] as const)(
  "images of %i channels and their labels are read back as they were",
  async (channels) => {
    const set = someBytes(channels);
    const out = folder();
    await writeImageFolder(out, set);
    expect(readdirSync(out).sort()).toEqual(["000000.png", "000001.png", "labels.csv"]);
    const { images } = await readBenign(out, { channels, size: [16, 8], resizeTo: null });
    // Gray is a sum over three channels, which is off by a rounding.
    const bytes = (pixels: Float32Array): Uint8Array =>
      Uint8Array.from(pixels, (value) => Math.round(255 * value));
    expect(bytes(images.pixels)).toEqual(bytes(set.pixels));
    expect(images.labels).toEqual(set.labels);
    expect(images.labelNames).toEqual(["yaw", "pitch"]);
  },
);

test("files can have names, and without labels there is no labels.csv", async () => {
  const out = folder();
  await writeImageFolder(out, { ...someBytes(1), labels: null, labelNames: [] }, (i) => `image-${i}.png`);
  expect(readdirSync(out).sort()).toEqual(["image-0.png", "image-1.png"]);
});

test("labels.csv is written when all images are there", async () => {
  const out = folder();
  await writeImageFolder(out, someBytes(1));
  const [header, first] = readFileSync(join(out, "labels.csv"), "utf8").split("\n");
  expect(header).toBe("file,yaw,pitch");
  expect(first).toMatch(/^000000.png,0.1\d*,-2$/);
});

test("values are rounded to the nearest byte, and what lies beyond is cut off", async () => {
  const pixels = Float32Array.of(-1, 2, 100.4 / 255, 100.6 / 255);
  const { data, info } = await sharp(await pngOf(pixels, [1, 1, 4]))
    .raw()
    .toBuffer({ resolveWithObject: true });
  const first = Array.from({ length: 4 }, (_, i) => data[i * info.channels]);
  expect(first).toEqual([0, 255, 100, 101]);
});

test("a folder that cannot be made is an error", async () => {
  const out = folder();
  writeFileSync(out, "a file in the way");
  expect((await errorOf(() => writeImageFolder(out, someBytes(1)))).code).toBe("E_WRITE");
});
