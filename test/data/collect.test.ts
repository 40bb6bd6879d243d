import { expect, test } from "vitest";
import { assertLabelsFit, collectImages, type ImageWants } from "../../src/data/collect.ts";
import type { PlanarImage } from "../../src/data/planar-image.ts";
import { errorOf } from "../support/errors.ts";

const image = (name: string, height: number, width: number, value = 0.5): PlanarImage => ({
  name,
  channels: 1,
  height,
  width,
  pixels: new Float32Array(height * width).fill(value),
});
const anySize: ImageWants = { channels: 1, size: null, resizeTo: null };
const collect = (images: PlanarImage[], wants: ImageWants = anySize) =>
  collectImages(images, images.length, wants, null);

test("images stand one after the other, in the channels that the model takes", async () => {
  const two = [image("a", 1, 2, 0.25), image("b", 1, 2, 0.75)];
  const { images } = await collect(two, { ...anySize, channels: 3 });
  expect(images.shape).toEqual([2, 3, 1, 2]);
  expect(images.pixels).toEqual(Float32Array.of(...new Array(6).fill(0.25), ...new Array(6).fill(0.75)));
  expect(images.names).toEqual(["a", "b"]);
});

test("images of several sizes are resized when that is asked for", async () => {
  const { images } = await collect([image("a", 4, 6), image("b", 3, 3)], { ...anySize, resizeTo: [2, 5] });
  expect(images.shape).toEqual([2, 1, 2, 5]);
  expect([...images.pixels].every((value) => Math.abs(value - 0.5) < 1e-6)).toBe(true);
});

test("few images are warned of, fifty are not", async () => {
  const some = (count: number) => Array.from({ length: count }, (_, i) => image(`${i}`, 1, 1));
  expect((await collect(some(49))).warnings).toEqual([expect.stringContaining("found 49 images")]);
  expect((await collect(some(50))).warnings).toEqual([]);
});

test.each([
  ["no image", [], anySize, "E_IMAGES", "found 0 images, expected at least 2"],
  ["one image", [image("a", 1, 1)], anySize, "E_IMAGES", "found 1 image, expected at least 2"],
  [
    "two sizes",
    [image("a", 4, 6), image("b", 3, 3), image("c", 4, 6)],
    anySize,
    "E_IMAGES",
    "found images of height x width 4x6 (2, such as a), 3x3 (1, such as b), expected one size",
  ],
  [
    "another size than the model's",
    [image("a", 4, 6), image("b", 4, 6)],
    { ...anySize, size: [8, 8] },
    "E_IMAGES",
    "found images of height x width 4x6 (2, such as a), expected 8x8, which the model takes",
  ],
  [
    "many sizes",
    [1, 2, 3, 4, 5, 6].map((side) => image(`${side}`, side, side)),
    anySize,
    "E_IMAGES",
    "4x4 (1, such as 4) and 2 more sizes, expected one size",
  ],
  [
    "a size to resize to that the model does not take",
    [image("a", 4, 6), image("b", 4, 6)],
    { ...anySize, size: [8, 8], resizeTo: [4, 6] },
    "E_USAGE",
    "found --size 4x6, expected 8x8: the model takes no other",
  ],
] as [string, PlanarImage[], ImageWants, string, string][])(
  "%s: refused in words",
  async (_, images, wants, code, part) => {
    expect(await errorOf(() => collect(images, wants))).toMatchObject({
      code,
      message: expect.stringContaining(part),
    });
  },
);

test("the hint names the size that would do", async () => {
  const misfit = [image("a", 4, 6), image("b", 4, 6)];
  expect((await errorOf(() => collect(misfit, { ...anySize, size: [8, 9] }))).hint).toBe(
    "--size 8x9 resizes them",
  );
});

test("there must be a label for each output, unless there are none", async () => {
  const { images } = await collect([image("a", 1, 1), image("b", 1, 1)]);
  expect(() => assertLabelsFit(images, 3)).not.toThrow();
  const labelled = { ...images, labels: new Float32Array(4), labelNames: ["yaw", "pitch"] };
  expect(() => assertLabelsFit(labelled, 2)).not.toThrow();
  expect(await errorOf(() => assertLabelsFit(labelled, 3))).toMatchObject({
    code: "E_LABELS",
    message: "found 2 labels an image (yaw, pitch), expected 3: the model gives 3",
  });
});
