import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withFieldNames } from "../../web/page/flag-names.ts";

test("flags are called as the fields of the page", () => {
  expect(withFieldNames("--size 8x8 resizes them")).toBe('"Resize images to" 8x8 resizes them');
  expect(withFieldNames("check --mean, --std and --scale")).toBe(
    'check "Mean", "Standard deviation" and "White is"',
  );
});

test("what is no field stays", () => {
  for (const text of ["--time-budget and --sizes", "a -- b", "weights--size-2"]) {
    expect(withFieldNames(text)).toBe(text);
  }
});

test("the page has fields of these names", () => {
  const page = readFileSync(join(import.meta.dirname, "..", "..", "web", "index.html"), "utf8");
  for (const flag of [
    "mean",
    "std",
    "scale",
    "layout",
    "channels",
    "size",
    "features",
    "outputs",
    "hold",
    "method",
    "set",
  ]) {
    const name = withFieldNames(`--${flag}`).slice(1, -1);
    expect(page).toContain(`<label>${name} <`);
  }
});
