import { expect, test } from "vitest";
import { archiveWithin } from "../../src/loops/archive-within.ts";
import { memoryArchive } from "../../src/loops/memory-archive.ts";

test("what is kept is a copy, both ways", async () => {
  const archive = memoryArchive();
  const arrays = { x: Float32Array.of(1, 2) };
  await archive.save("a", { arrays, json: { step: 1 } });
  arrays.x[0] = 9;
  const loaded = await archive.load("a");
  expect(loaded).toEqual({ arrays: { x: Float32Array.of(1, 2) }, json: { step: 1 } });
  loaded!.arrays.x![1] = 9;
  expect((await archive.load("a"))!.arrays.x).toEqual(Float32Array.of(1, 2));
});

test("states are listed and removed by the beginning of their keys", async () => {
  const archive = memoryArchive();
  for (const key of ["scan-2", "scan-1", "repair-1"]) await archive.save(key, { arrays: {}, json: key });
  expect(await archive.keys("scan-")).toEqual(["scan-1", "scan-2"]);
  await archive.remove("scan-");
  expect(await archive.load("scan-1")).toBeNull();
  expect(await archive.keys("")).toEqual(["repair-1"]);
});

test("a part of an archive knows nothing of the rest", async () => {
  const archive = memoryArchive();
  const part = archiveWithin(archive, "within-1-");
  await archive.save("scan-1", { arrays: {}, json: "outside" });
  await part.save("scan-1", { arrays: {}, json: "inside" });
  expect((await part.load("scan-1"))!.json).toBe("inside");
  expect(await archive.keys("")).toEqual(["scan-1", "within-1-scan-1"]);
  expect(await part.keys("")).toEqual(["scan-1"]);
  await part.remove("");
  expect(await archive.keys("")).toEqual(["scan-1"]);
});
