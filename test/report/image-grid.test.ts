import { expect, test } from "vitest";
import { imageGrid } from "../../src/report/image-grid.ts";

test("images stand in their rows and columns, empty places stay empty, and each says what it is", () => {
  const svg = imageGrid(
    "what <it> shows",
    ["a", "b & c"],
    [
      { title: "first", images: ["data:image/png;base64,AA==", "data:image/png;base64,BB=="] },
      { title: "second", images: [null, "data:image/png;base64,CC=="] },
    ],
    50,
  );
  expect(svg).toMatch(/^<svg [^>]*role="img"><title>what &lt;it&gt; shows<\/title>/);
  const images = [
    ...svg.matchAll(
      /<image x="(\d+)" y="(\d+)" width="50" height="50" href="([^"]+)"[^>]*><title>([^<]+)<\/title>/g,
    ),
  ].map(([, x, y, href, label]) => [Number(x), Number(y), href!.slice(-4), label]);
  const [[left, top], [right], [, bottom]] = images as unknown as [number[], number[], number[]];
  expect(images).toEqual([
    [left, top, "AA==", "first, a"],
    [right, top, "BB==", "first, b &amp; c"],
    [right, bottom, "CC==", "second, b &amp; c"],
  ]);
  // They do not lie on each other, and all are inside.
  expect(right! - left!).toBeGreaterThanOrEqual(50);
  expect(bottom! - top!).toBeGreaterThanOrEqual(50);
  const [width, height] = /width="(\d+)" height="(\d+)"/.exec(svg)!.slice(1).map(Number) as [number, number];
  expect(right! + 50).toBeLessThanOrEqual(width);
  expect(bottom! + 50).toBeLessThanOrEqual(height);
});
