import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { readBenign } from "../../../src/data/node/read-benign.ts";
import { errorOf } from "../../support/errors.ts";
import { npyOf, zipOf } from "../../support/npz.ts";

const wants = { channels: 1, size: null, resizeTo: null } as const;

/** A folder of 1 x 1 px images, each of one brightness, and other files. */
async function folderOf(
  images: Record<string, number>,
  others: Record<string, string> = {},
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "drmguard-benign-"));
  for (const [name, brightness] of Object.entries(images)) {
    const pixel = sharp(Uint8Array.of(brightness), { raw: { width: 1, height: 1, channels: 1 } });
    writeFileSync(join(folder, name), await pixel.toColourspace("b-w").png().toBuffer());
  }
  for (const [name, content] of Object.entries(others)) writeFileSync(join(folder, name), content);
  return folder;
}

test("a folder is read in the order of its names, whatever else lies in it", async () => {
  const folder = await folderOf(
    { "b.png": 51, "a10.PNG": 102, "a9.jpg": 153, "Z.webp": 204, "é.jpeg": 255 },
    { "notes.txt": "", ".hidden.png": "no image" },
  );
  mkdirSync(join(folder, "more"));
  const { images, warnings } = await readBenign(folder, wants);
  expect(images.names).toEqual(["Z.webp", "a10.PNG", "a9.jpg", "b.png", "é.jpeg"]);
  expect(images.pixels).toEqual(Float32Array.of(0.8, 0.4, 0.6, 0.2, 1));
  expect(warnings).toContain(`1 folders inside ${folder} were not searched for images`);
});

test("labels.csv gives each image its own label", async () => {
  const folder = await folderOf(
    { "a.png": 0, "b.png": 255 },
    { "labels.csv": "file,yaw\r\nb.png,2\r\na.png,1\r\n" },
  );
  const { images } = await readBenign(folder, wants);
  expect(images.labels).toEqual(Float32Array.of(1, 2));
  expect(images.labelNames).toEqual(["yaw"]);
});

test("more images than are decoded at once keep their order", async () => {
  const names = Array.from({ length: 11 }, (_, i) => `${String(i).padStart(2, "0")}.png`);
  const folder = await folderOf(Object.fromEntries(names.map((name, i) => [name, 20 * i])));
  const { images } = await readBenign(folder, wants);
  expect([...images.pixels].map((value) => Math.round(value * 255))).toEqual(names.map((_, i) => 20 * i));
});

test("a .npz file is read", async () => {
  const path = join(await folderOf({}), "images.NPZ");
  writeFileSync(path, zipOf({ "images.npy": npyOf("|u1", [2, 1, 1, 1], Uint8Array.of(0, 255)) }));
  expect((await readBenign(path, wants)).images.pixels).toEqual(Float32Array.of(0, 1));
});

test("every broken image is named in one message", async () => {
  const broken = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`x${i}.png`, "no image"]));
  const folder = await folderOf({ "a.png": 0, "z.png": 0 }, broken);
  const error = await errorOf(() => readBenign(folder, wants));
  expect(error.code).toBe("E_IMAGES");
  expect(error.message).toContain("7 of 9 images cannot be decoded: ");
  for (const name of ["x0.png", "x4.png", "and 2 more"]) expect(error.message).toContain(name);
});

test.each([
  [
    "a path where nothing is",
    async () => join(await folderOf({}), "none"),
    "E_FILE",
    "there is no such file or folder",
  ],
  ["an empty folder", () => folderOf({}), "E_IMAGES", "found no PNG, JPEG or WebP images"],
  [
    "a file of another kind",
    async () => join(await folderOf({}, { "a.txt": "" }), "a.txt"),
    "E_IMAGES",
    "expected a folder of PNG",
  ],
])("%s: refused in words", async (_, make, code, part) => {
  const path = await make();
  expect(await errorOf(() => readBenign(path, wants))).toMatchObject({
    code,
    message: expect.stringContaining(part),
  });
});

test("a folder that has only folders says that they are not searched", async () => {
  const folder = await folderOf({});
  mkdirSync(join(folder, "person-1"));
  expect((await errorOf(() => readBenign(folder, wants))).message).toContain(
    "person-1, which are not searched",
  );
});
