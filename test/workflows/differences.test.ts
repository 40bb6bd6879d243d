import { expect, test } from "vitest";
import { differencesOf } from "../../src/workflows/differences.ts";

test("every setting that differs is named with both values, also those that are on one side alone", () => {
  const saved = { seed: 1, data: { path: "a", size: null }, gone: "x", same: [1, 2] };
  const now = { seed: 2, data: { path: "b", size: null }, same: [1, 2], fresh: false };
  expect(differencesOf(saved, now)).toBe(
    'seed 1 instead of 2, data {"path":"a","size":null} instead of {"path":"b","size":null}, ' +
      'gone "x" instead of nothing, fresh nothing instead of false',
  );
});

test("of equal ones there is nothing to say", () => {
  expect(differencesOf({ a: { b: [1] } }, { a: { b: [1] } })).toBe("");
});
