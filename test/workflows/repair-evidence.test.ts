import { expect, test } from "vitest";
import type { ImageSet } from "../../src/data/image-set.ts";
import { mostPictured, mostResponses } from "../../src/report/result.ts";
import { repairEvidence, repairResponses } from "../../src/workflows/repair-evidence.ts";

const count = mostResponses + 1;
const outputs = (start: number): Float32Array => Float32Array.from({ length: count }, (_, i) => start + i);
const pixels = (value: number): Float32Array => new Float32Array(4 * count).fill(value);
const clean: ImageSet = {
  pixels: pixels(0.25),
  shape: [count, 1, 2, 2],
  labels: outputs(0),
  labelNames: ["age"],
  names: Array.from({ length: count }, (_, i) => `${i}.png`),
};
const triggers = mostPictured + 1;
const each = <T>(of: (k: number) => T): T[] => Array.from({ length: triggers }, (_, k) => of(k));
const images = { clean, labels: outputs(0), triggered: each((k) => pixels(0.1 * k)) };
const errors = {
  before: { outputs: outputs(1000), triggeredOutputs: each((k) => outputs(2000 + 100 * k)) },
  after: { outputs: outputs(1001), triggeredOutputs: each((k) => outputs(3000 + 100 * k)) },
};

test("responses are those of the first test images, each trigger before and after", () => {
  const kept = repairResponses(images, errors);
  expect(kept.images).toBe(mostResponses);
  expect([kept.truth.length, kept.triggers.length]).toEqual([mostResponses, triggers]);
  expect([kept.truth[2], kept.clean.before[2], kept.clean.after[2]]).toEqual([[2], [1002], [1003]]);
  expect([kept.triggers[1]!.before[3], kept.triggers[1]!.after[3]]).toEqual([[2103], [3103]]);
});

test("evidence is of a few images and the first triggers", async () => {
  const encodePng = async (values: Float32Array): Promise<Uint8Array> =>
    Uint8Array.from(values, (value) => Math.round(100 * value));
  const shown = await repairEvidence(images, errors, encodePng);
  expect(shown.map(({ name }) => name)).toEqual(["0.png", "1.png", "2.png", "3.png"]);
  const decoded = (url: string): number[] => [...Buffer.from(url.split(",")[1]!, "base64")];
  expect(decoded(shown[0]!.clean)).toEqual([25, 25, 25, 25]);
  const [, second, ...others] = shown[2]!.triggers;
  expect(others).toHaveLength(mostPictured - 2);
  expect(decoded(second!.picture)).toEqual([10, 10, 10, 10]);
  expect([shown[2]!.truth, second!.before, second!.after]).toEqual([[2], [2102], [3102]]);
});
