import { expect, test } from "vitest";
import { planarFromBytes, withChannels } from "../../src/data/planar-image.ts";

test("bytes side by side become planes in [0, 1]", () => {
  const bytes = Uint8Array.of(0, 51, 255, 102, 153, 204);
  const image = planarFromBytes({ name: "a.png", width: 2, height: 1, channels: 3, bytes });
  expect(image).toMatchObject({ name: "a.png", width: 2, height: 1, channels: 3 });
  expect([...image.pixels]).toEqual([0, 0.4, 0.2, 0.6, 1, 0.8].map(Math.fround));
});

test("a colour image becomes gray by the brightness of ITU-R BT.601", () => {
  const image = {
    name: "a",
    channels: 3,
    height: 1,
    width: 3,
    pixels: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1),
  };
  const gray = withChannels(image, 1);
  expect(gray.channels).toBe(1);
  expect([...gray.pixels]).toEqual([0.299, 0.587, 0.114].map(Math.fround));
});

test("a gray image has its brightness in all three channels", () => {
  const image = { name: "a", channels: 1, height: 1, width: 2, pixels: Float32Array.of(0.25, 0.5) };
  expect([...withChannels(image, 3).pixels]).toEqual([0.25, 0.5, 0.25, 0.5, 0.25, 0.5]);
  expect(withChannels(image, 1)).toBe(image);
});
