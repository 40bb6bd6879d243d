/** Handwritten digits as a folder: what is told on the way, and what a stop leaves. */
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeDigitSet } from "../../src/jobs/digit-set.ts";
import { errorOf } from "../support/errors.ts";

test("digits are counted while they are written, and a stop leaves no labels.csv, which would say that all are there", async () => {
  const folder = join(mkdtempSync(join(tmpdir(), "drmguard-digits-")), "digits");
  const stop = new AbortController();
  const told: (readonly [done: number, all: number])[] = [];
  const error = await errorOf(() =>
    writeDigitSet(
      folder,
      (done, all) => {
        told.push([done, all]);
        if (done === 3) stop.abort();
      },
      stop.signal,
    ),
  );
  expect(error.code).toBe("E_INTERRUPTED");
  expect(error.message).toBe("stopped after 3 of 10000 digits");
  expect(told).toEqual([
    [1, 10_000],
    [2, 10_000],
    [3, 10_000],
  ]);
  expect(existsSync(join(folder, "000002.png"))).toBe(true);
  expect(existsSync(join(folder, "labels.csv"))).toBe(false);
});
