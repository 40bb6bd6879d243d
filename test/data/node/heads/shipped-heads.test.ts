/** The rendered heads that come with the sources: examples/heads64. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readLabels } from "../../../../src/data/labels-csv.ts";
import { readBenign } from "../../../../src/data/node/read-benign.ts";

const folder = join(import.meta.dirname, "../../../../examples/heads64");
const degree = Math.PI / 180;

test("1,200 heads of 64 px are there with their gaze, and with both angles", {
  timeout: 30_000,
}, async () => {
  const { images, warnings } = await readBenign(folder, { channels: 3, size: null, resizeTo: null });
  expect(warnings).toEqual([]);
  expect(images.shape).toEqual([1200, 3, 64, 64]);
  expect(images.labelNames).toEqual(["yaw", "pitch"]);
  const angles = readLabels("angles.csv", await readFile(join(folder, "angles.csv"), "utf8"), images.names);
  expect(angles.names).toEqual(["gaze yaw", "gaze pitch", "head yaw", "head pitch", "head roll"]);
  const limits = [28, 18, 26, 18, 8];
  for (let i = 0; i < 1200; i++) {
    expect([...images.labels!.subarray(2 * i, 2 * i + 2)]).toEqual([
      ...angles.values.subarray(5 * i, 5 * i + 2),
    ]);
    limits.forEach((limit, d) => {
      expect(Math.abs(angles.values[5 * i + d]!)).toBeLessThanOrEqual(limit * degree + 1e-6);
    });
  }
});
