import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { expect, test } from "vitest";
import { decodeImage } from "../../../src/data/node/decode-image.ts";
import { errorOf } from "../../support/errors.ts";

const folder = mkdtempSync(join(tmpdir(), "drmguard-decode-"));
let made = 0;

/** Two pixels side by side. */
function pixels(channels: 1 | 2 | 3 | 4, values: Uint8Array | Uint16Array): Sharp {
  const image = sharp(values, { raw: { width: 2, height: 1, channels } });
  return channels < 3 ? image.toColourspace(values instanceof Uint16Array ? "grey16" : "b-w") : image;
}

async function decoded(image: Sharp, extension: string) {
  const path = join(folder, `${made++}.${extension}`);
  await image.toFile(path);
  const { name, width, height, channels, bytes } = await decodeImage(path, "it");
  expect(name).toBe("it");
  expect(bytes).toHaveLength(width * height * channels);
  return { size: [width, height], channels, bytes: [...bytes] };
}

const colour = Uint8Array.of(10, 20, 30, 200, 210, 220);

test.each([
  ["gray", pixels(1, Uint8Array.of(10, 200)).png(), 1, [10, 200]],
  ["gray over black", pixels(2, Uint8Array.of(10, 255, 200, 128)).png(), 1, [10, 100]],
  ["RGB", pixels(3, colour).png(), 3, [...colour]],
  [
    "RGB with opaque alpha",
    pixels(4, Uint8Array.of(10, 20, 30, 255, 200, 210, 220, 255)).png(),
    3,
    [...colour],
  ],
  [
    "RGB over black",
    pixels(4, Uint8Array.of(10, 20, 30, 255, 200, 210, 220, 0)).png(),
    3,
    [10, 20, 30, 0, 0, 0],
  ],
  ["a palette", pixels(3, colour).png({ palette: true }), 3, [...colour]],
])("a PNG of %s is decoded", async (_, image, channels, bytes) => {
  expect(await decoded(image, "png")).toEqual({ size: [2, 1], channels, bytes });
});

// 16 bits become 8, rounded either way.
test.each([
  ["gray", pixels(1, Uint16Array.of(2600, 65535)).png(), 1, [2600, 65535]],
  [
    "RGB",
    pixels(3, Uint16Array.of(0, 2600, 30000, 65535, 500, 40000))
      .toColourspace("rgb16")
      .png(),
    3,
    [0, 2600, 30000, 65535, 500, 40000],
  ],
])("a PNG of 16 bit %s is decoded", async (_, image, channels, values) => {
  const found = await decoded(image, "png");
  expect(found.channels).toBe(channels);
  found.bytes.forEach((byte, i) => {
    expect(Math.abs(byte - values[i]! / 257)).toBeLessThanOrEqual(1);
  });
});

test("JPEG and WebP are decoded", async () => {
  expect(await decoded(pixels(3, colour).webp({ lossless: true }), "webp")).toMatchObject({
    bytes: [...colour],
  });
  const { channels, bytes } = await decoded(
    pixels(3, colour).jpeg({ quality: 100, chromaSubsampling: "4:4:4" }),
    "jpg",
  );
  expect(channels).toBe(3);
  bytes.forEach((byte, i) => {
    expect(Math.abs(byte - colour[i]!)).toBeLessThanOrEqual(3);
  });
  expect(await decoded(pixels(1, Uint8Array.of(10, 200)).jpeg({ quality: 100 }), "jpeg")).toMatchObject({
    channels: 1,
  });
});

test("a photograph is turned upright as its EXIF orientation says", async () => {
  // Orientation 6: the camera was turned, so the left of what is stored is the top of what was seen; 8 the other way.
  const turned = (orientation: number) => pixels(3, colour).png().withMetadata({ orientation });
  expect(await decoded(turned(6), "png")).toEqual({ size: [1, 2], channels: 3, bytes: [...colour] });
  expect(await decoded(turned(8), "png")).toMatchObject({ size: [1, 2], bytes: [200, 210, 220, 10, 20, 30] });
  expect(await decoded(turned(3), "png")).toMatchObject({ size: [2, 1], bytes: [200, 210, 220, 10, 20, 30] });
});

test("what is no image is refused", async () => {
  const path = join(folder, "broken.png");
  writeFileSync(path, "no image");
  expect((await errorOf(() => decodeImage(path, "it"))).message).toMatch(/unsupported image format/i);
});
