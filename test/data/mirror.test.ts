import { expect, test } from "vitest";
import { type ImageSet, imageOf } from "../../src/data/image-set.ts";
import { withMirrorImages } from "../../src/data/mirror.ts";
import { errorOf } from "../support/errors.ts";

/** Two images of 2 channels, 2 rows and 3 columns: 0 to 11, and 12 to 23. */
const set: ImageSet = {
  pixels: Float32Array.from({ length: 24 }, (_, i) => i),
  shape: [2, 2, 2, 3],
  labels: Float32Array.of(0.1, 0.2, 0.3, -1, -2, -3),
  labelNames: ["yaw", "pitch", "roll"],
  names: ["a", "b"],
};

test("a set is followed by its images with left and right exchanged, and the labels that a mirror turns", () => {
  const both = withMirrorImages(set, ["yaw", "roll"]);
  expect(both.shape).toEqual([4, 2, 2, 3]);
  expect(both.pixels.subarray(0, 24)).toEqual(set.pixels);
  expect([...imageOf(both, 2)]).toEqual([2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9]);
  expect(imageOf(both, 3)[0]).toBe(14);
  expect([...both.labels!]).toEqual([
    ...[...set.labels!],
    ...Float32Array.of(-0.1, 0.2, -0.3),
    ...[1, -2, 3],
  ]);
  expect(both.names).toEqual(["a", "b", "a (mirrored)", "b (mirrored)"]);
  expect(set.pixels[2]).toBe(2);
});

test("mirrored twice an image is what it was", () => {
  const mirrored = withMirrorImages(set, ["yaw"]);
  const again = withMirrorImages(mirrored, ["yaw"]);
  expect(imageOf(again, 6)).toEqual(imageOf(set, 0));
  expect(again.labels!.subarray(18, 21)).toEqual(set.labels!.subarray(0, 3));
});

test("labels are needed, and those that are named", async () => {
  expect((await errorOf(() => withMirrorImages({ ...set, labels: null }, []))).code).toBe("E_LABELS");
  expect(await errorOf(() => withMirrorImages(set, ["yaw", "tilt"]))).toMatchObject({
    code: "E_USAGE",
    message: 'found "tilt" as a label that a mirror turns, expected some of yaw, pitch, roll',
  });
});
