/** Where tests of the page have no browser. */
import { expect, test } from "vitest";
import { findChromium } from "../support/browser.ts";

const nowhere = ["/nowhere/chromium"];

test("tests are skipped where there is no Chromium, and fail where it is required", () => {
  expect(findChromium({}, nowhere)).toBeNull();
  expect(() => findChromium({ DRMGUARD_REQUIRE_CHROMIUM: "1" }, nowhere)).toThrow("found no Chromium");
});

test("a variable names another one", () => {
  expect(findChromium({ DRMGUARD_CHROMIUM: process.execPath }, nowhere)).toBe(process.execPath);
});
