import { expect, test } from "vitest";
import { isPartOf } from "../../src/experiments/model-item.ts";

test.each([
  [{ a: 1 }, { a: 1, b: 2 }, true],
  [{ a: { b: [1, { c: null }] } }, { a: { b: [1, { c: null, d: 1 }], e: 0 } }, true],
  [{ a: undefined }, {}, true],
  [{ a: 1 }, { a: 2 }, false],
  [{ a: null }, {}, false],
  [{ a: [1] }, { a: [1, 2] }, false],
  [{ a: [] }, { a: {} }, false],
  [{ a: { b: 1 } }, { a: 1 }, false],
  [{ a: { b: 1 } }, { a: null }, false],
])("%j in %j: %s", (part, whole, expected) => {
  expect(isPartOf(part, whole)).toBe(expected);
});
