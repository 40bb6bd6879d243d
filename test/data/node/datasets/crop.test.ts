import { expect, test } from "vitest";
import { cutOut, parseCrop, shrink, squareAt } from "../../../../src/data/node/datasets/crop.ts";
import { openDataSet } from "../../../../src/data/node/datasets/detect.ts";
import { resize } from "../../../../src/data/resize.ts";
import { datasetOf } from "../../../support/datasets.ts";
import { errorOf } from "../../../support/errors.ts";

const gray = (width: number, bytes: readonly number[]) => ({
  name: "it",
  width,
  height: bytes.length / width,
  channels: 1 as const,
  bytes: Uint8Array.from(bytes),
});

test("a rectangle is cut out, black outside of the image", () => {
  const image = gray(3, [1, 2, 3, 4, 5, 6]);
  const cut = (left: number, top: number, width: number, height: number): number[] => [
    ...cutOut(image, { left, top, width, height }).bytes,
  ];
  expect(cut(1, 0, 2, 2)).toEqual([2, 3, 5, 6]);
  expect(cut(-1, -1, 3, 2)).toEqual([0, 0, 0, 0, 1, 2]);
  expect(cut(2, 1, 2, 2)).toEqual([6, 0, 0, 0]);
  expect(cut(5, 5, 2, 1)).toEqual([0, 0]);
  expect(cutOut(image, { left: 0, top: 0, width: 3, height: 2 })).toBe(image);
  expect(squareAt(10, 20, 4.2)).toEqual({ left: 8, top: 18, width: 4, height: 4 });
});

test("blocks become their means", () => {
  const small = shrink(gray(5, [0, 10, 20, 40, 99, 30, 40, 60, 80, 99, 7, 7, 7, 7, 7]), 2);
  expect([small.width, small.height, ...small.bytes]).toEqual([2, 1, 20, 50]);
  const colours = { name: "it", width: 2, height: 2, channels: 3 as const };
  const bytes = Uint8Array.of(0, 100, 200, 10, 110, 210, 20, 120, 220, 30, 130, 230);
  expect([...shrink({ ...colours, bytes }, 2).bytes]).toEqual([15, 115, 215]);
});

test("large images that are shrunk first are nearly those that are resized at once", async () => {
  const wave = (x: number, y: number): number[] => [x, y, x + y].map((v) => 128 + 100 * Math.sin(v / 30));
  const picture = { width: 330, height: 250, colour: wave };
  const root = await datasetOf({ "labels.csv": "file,y\na.png,1\n", "a.png": picture });
  const dataSet = await openDataSet(root);
  const large = await dataSet.load([0], { channels: 3, size: null });
  const source = { name: "it", channels: 3, height: 250, width: 330, pixels: large.pixels };
  const expected = resize(source, 16, 20).pixels;
  const { pixels } = await dataSet.load([0], { channels: 3, size: [16, 20] });
  pixels.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!)).toBeLessThan(0.02);
  });
});

test.each([
  ["face", { kind: "face" }],
  ["none", { kind: "none" }],
  ["0.25,0,0.5,1", { kind: "box", left: 0.25, top: 0, width: 0.5, height: 1 }],
])("the crop %s is understood", (text, crop) => {
  expect(parseCrop(text)).toEqual(crop);
});

test.each(["", "all", "0,0,1", "0,0,1,", "0.5,0,0.6,1", "0,0,0,1", "-0.1,0,1,1"])(
  "the crop %j is refused",
  async (text) => {
    expect(await errorOf(() => parseCrop(text))).toMatchObject({ code: "E_USAGE" });
  },
);
