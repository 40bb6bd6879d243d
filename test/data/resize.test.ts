import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readNpz } from "../../src/data/npz.ts";
import type { PlanarImage } from "../../src/data/planar-image.ts";
import { resize } from "../../src/data/resize.ts";
import { asFloat32, type TensorData } from "../../src/onnx/tensor-data.ts";

/** Made by tools/make-data-references.py with Pillow's BILINEAR on float images. */
const reference = await readNpz(readFileSync(new URL("../references/resize.npz", import.meta.url)), null);
const cases = [...reference.keys()].filter((name) => name.includes(" to "));

const planar = (array: TensorData): PlanarImage => ({
  name: "image",
  channels: 1,
  height: array.dims[0]!,
  width: array.dims[1]!,
  pixels: asFloat32(array).data as Float32Array,
});

const largestDifference = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

test("the reference has enlarged, shrunk and stretched images", () => {
  expect(cases).toHaveLength(7);
});

test.each(cases)("an image of %s is resized as Pillow does it", (name) => {
  const expected = planar(reference.get(name)!);
  const resized = resize(planar(reference.get(name.split(" to ")[0]!)!), expected.height, expected.width);
  expect(resized).toMatchObject({ channels: 1, height: expected.height, width: expected.width });
  expect(resized.pixels).toHaveLength(expected.pixels.length);
  expect(largestDifference(resized.pixels, expected.pixels)).toBeLessThan(1e-6);
});

test("an image of the wanted size stays as it is", () => {
  const image = planar(reference.get("11x7")!);
  expect(resize(image, 11, 7)).toBe(image);
});

test("channels are resized each on its own", () => {
  const gray = planar(reference.get("11x7")!);
  const zeros = new Float32Array(gray.pixels.length);
  const colour = { ...gray, channels: 3, pixels: Float32Array.of(...zeros, ...gray.pixels, ...zeros) };
  const area = 4 * 13;
  const { pixels } = resize(colour, 4, 13);
  expect(pixels.subarray(area, 2 * area)).toEqual(resize(gray, 4, 13).pixels);
  expect([...pixels.subarray(0, area), ...pixels.subarray(2 * area)].every((value) => value === 0)).toBe(
    true,
  );
});
