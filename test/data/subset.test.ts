import { expect, test } from "vitest";
import { type ImageSet, imageOf } from "../../src/data/image-set.ts";
import { subsetOf } from "../../src/data/subset.ts";
import { someImages } from "../support/identification.ts";

const set: ImageSet = {
  ...someImages(5),
  labels: Float32Array.from({ length: 10 }, (_, i) => i),
  labelNames: ["a", "b"],
};

test("images, labels and names come in the order of the indices, as copies", () => {
  const some = subsetOf(set, [3, 0, 3]);
  expect(some.shape).toEqual([3, 3, 8, 8]);
  expect([...some.labels!]).toEqual([6, 7, 0, 1, 6, 7]);
  expect(some.names).toEqual(["image 3", "image 0", "image 3"]);
  expect(some.labelNames).toEqual(["a", "b"]);
  [3, 0, 3].forEach((index, i) => {
    expect(imageOf(some, i)).toEqual(imageOf(set, index));
  });
  const before = set.pixels[0];
  some.pixels.fill(7);
  some.labels!.fill(7);
  expect([set.pixels[0], set.labels![0]]).toEqual([before, 0]);
});

test("without labels, names and indices there are none", () => {
  const some = subsetOf({ ...set, labels: null, names: [] }, []);
  expect(some).toMatchObject({ labels: null, names: [], shape: [0, 3, 8, 8] });
  expect(some.pixels).toHaveLength(0);
});
