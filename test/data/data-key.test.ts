import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { dataKeyOf, sha256 } from "../../src/data/data-key.ts";
import { type ImageSet, imageOf } from "../../src/data/image-set.ts";

const set: ImageSet = {
  pixels: Float32Array.from({ length: 12 }, (_, i) => i / 12),
  shape: [2, 1, 2, 3],
  labels: null,
  labelNames: [],
  names: ["a", "b"],
};

test("sha256 is SHA-256", async () => {
  const bytes = new TextEncoder().encode("drmguard");
  expect(await sha256(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"));
});

test("an image of a set is a view of its own pixels", () => {
  expect(imageOf(set, 1)).toEqual(set.pixels.slice(6));
  expect(imageOf(set, 1).buffer).toBe(set.pixels.buffer);
});

test("names and labels do not change the key", async () => {
  const other = { ...set, names: ["x", "y"], labels: Float32Array.of(1, 2), labelNames: ["yaw"] };
  expect(await dataKeyOf(other)).toBe(await dataKeyOf(set));
  // Where the pixels lie in memory does not matter either.
  const shifted = Float32Array.of(9, ...set.pixels).subarray(1);
  expect(await dataKeyOf({ ...set, pixels: shifted })).toBe(await dataKeyOf(set));
});

test("a pixel, the order of images and the shape change the key", async () => {
  const nudged = set.pixels.slice();
  nudged[7]! += 1e-6;
  const swapped = Float32Array.of(...imageOf(set, 1), ...imageOf(set, 0));
  const keys = await Promise.all(
    [
      set,
      { ...set, pixels: nudged },
      { ...set, pixels: swapped },
      { ...set, shape: [2, 1, 3, 2] as const },
      { ...set, shape: [2, 3, 1, 2] as const },
    ].map(dataKeyOf),
  );
  expect(new Set(keys).size).toBe(5);
});
