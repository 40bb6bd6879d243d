import fc from "fast-check";
import { expect, test } from "vitest";
import { broadcastShapes, inversePermutation, normalizeAxes, normalizeAxis } from "../../src/tensor/shape.ts";
import { errorOf } from "../support/errors.ts";

test.each([
  [[2, 3], [3], [2, 3]],
  [
    [2, 1],
    [1, 3],
    [2, 3],
  ],
  [[], [4], [4]],
  [[1], [0], [0]],
  [
    [5, 1, 2],
    [4, 1],
    [5, 4, 2],
  ],
])("[%s] and [%s] broadcast to [%s]", (a, b, expected) => {
  expect(broadcastShapes(a, b)).toEqual(expected);
  expect(broadcastShapes(b, a)).toEqual(expected);
});

test("shapes that do not fit are named", async () => {
  const error = await errorOf(() => broadcastShapes([2, 3], [2]));
  expect(error).toMatchObject({ code: "E_SHAPE", message: "shapes [2, 3] and [2] do not broadcast" });
});

test("axes count from both ends", async () => {
  expect(normalizeAxis(-1, 3)).toBe(2);
  expect(normalizeAxes([-1, 0, 2], 3)).toEqual([0, 2]);
  expect(await errorOf(() => normalizeAxis(3, 3))).toMatchObject({ code: "E_SHAPE" });
  expect(await errorOf(() => normalizeAxis(-4, 3))).toMatchObject({ code: "E_SHAPE" });
});

test("a permutation and its inverse undo each other", () => {
  const permutation = fc
    .integer({ min: 1, max: 8 })
    .chain((n) => fc.shuffledSubarray([...Array(n).keys()], { minLength: n }));
  fc.assert(
    fc.property(permutation, (order) => {
      const inverse = inversePermutation(order);
      expect(order.map((place) => inverse[place])).toEqual([...order.keys()]);
    }),
  );
});
