import { expect, test } from "vitest";
import { parseSeeds } from "../../src/cli/tables/experiment.ts";

test.each([
  ["1", [1]],
  ["1-5", [1, 2, 3, 4, 5]],
  ["7, 1 - 3, 2", [7, 1, 2, 3]],
  ["0-0", [0]],
])("the seeds %s", (text, expected) => {
  expect(parseSeeds(text)).toEqual(expected);
});

test.each(["", "a", "3-1", "1-", "-1", "1-2-3", "1.5", "1-99999", "1-9999999999"])(
  "the seeds %j are refused",
  (text) => {
    expect(() => parseSeeds(text)).toThrowError(expect.objectContaining({ code: "E_USAGE" }));
  },
);
