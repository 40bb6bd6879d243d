import { expect, test } from "vitest";
import { classCountOf, oneHot, withClassIndices, withClassVectors } from "../../src/data/classes.ts";
import type { ImageSet } from "../../src/data/image-set.ts";

const setOf = (labels: number[] | null, labelNames = ["class"]): ImageSet => ({
  pixels: new Float32Array(4),
  shape: [4, 1, 1, 1],
  labels: labels && Float32Array.from(labels),
  labelNames,
  names: ["a", "b", "c", "d"],
});

test("classes are counted to the largest, whether all are there or not", () => {
  expect(classCountOf(setOf([0, 3, 1, 3]))).toBe(4);
});

test.each([
  [null, ["class"], "found 0 labels an image"],
  [[0, 1, 0, 1, 1, 0, 1, 0], ["yaw", "pitch"], "found 2 labels an image"],
  [[0, 1, 0.5, 1], ["class"], "found the label 0.5 of c"],
  [[0, -1, 1, 1], ["class"], "found the label -1 of b"],
  [[0, 1, 1, 5000], ["class"], "found the label 5000 of d"],
  [[0, 0, 0, 0], ["class"], "found one class, expected at least two"],
] as const)("labels %j called %j are none", (labels, names, message) => {
  expect(() => classCountOf(setOf(labels && [...labels], [...names]))).toThrow(message);
});

test("a class becomes a vector with a 1 at its index, and comes back", () => {
  const vectors = withClassVectors(setOf([2, 0, 1, 2]), 3);
  expect([...vectors.labels]).toEqual([0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1]);
  expect(vectors.labelNames).toEqual(["class 0", "class 1", "class 2"]);
  const back = withClassIndices(vectors, "digit");
  expect([...back.labels!]).toEqual([2, 0, 1, 2]);
  expect(back.labelNames).toEqual(["digit"]);
});

test("what is no class has no vector", () => {
  expect(() => oneHot(3, 3)).toThrow("found the class 3, expected a whole number from 0 to 2");
  expect(() => oneHot(0.5, 3)).toThrow("found the class 0.5");
});
