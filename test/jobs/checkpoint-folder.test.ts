import { mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkpointFolder, readSavedState, writeSavedState } from "../../src/jobs/checkpoint-folder.ts";
import type { CheckpointArchive } from "../../src/loops/work.ts";
import { errorOf } from "../support/errors.ts";

let folder: string;
let store: CheckpointArchive;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "drmguard-"));
  store = checkpointFolder(join(folder, "made", "when", "needed"));
});
afterEach(() => rm(folder, { recursive: true }));

const state = {
  arrays: { a: Float32Array.of(1, -2.5, 3e-9), empty: new Float32Array(0), b: Float32Array.of(7) },
  json: { step: 3, history: [{ step: 0, values: { "l1 ünï": 0.5 } }] },
};
const path = (key: string): string => join(folder, "made", "when", "needed", `${key}.checkpoint`);

test("a state comes back as it was saved, and null where there is none", async () => {
  expect(await store.load("x")).toBeNull();
  await store.save("x", state);
  expect(await store.load("x")).toEqual(state);
});

test("saving replaces the state and leaves no other file", async () => {
  await store.save("x", state);
  await store.save("x", { arrays: {}, json: 1 });
  expect(await store.load("x")).toEqual({ arrays: {}, json: 1 });
  expect(await readdir(join(path("x"), ".."))).toEqual(["x.checkpoint"]);
});

test("a saved view saves the part that it shows", async () => {
  const whole = Float32Array.of(1, 2, 3, 4);
  await store.save("x", { arrays: { part: whole.subarray(1, 3) }, json: null });
  expect((await store.load("x"))!.arrays.part).toEqual(Float32Array.of(2, 3));
});

test("a checkpoint that was cut off or is none is refused", async () => {
  await store.save("x", state);
  await truncate(path("x"), 120);
  await expect(store.load("x")).rejects.toMatchObject({ code: "E_RESUME" });
  await writeFile(path("y"), "something else\n{}\n");
  await expect(store.load("y")).rejects.toMatchObject({ code: "E_RESUME" });
});

test("keys are listed and removed by their beginning", async () => {
  expect(await store.keys("")).toEqual([]);
  for (const key of ["scan-b", "scan-a", "generator-1"]) await store.save(key, state);
  expect(await store.keys("scan-")).toEqual(["scan-a", "scan-b"]);
  await store.remove("scan-");
  expect(await store.keys("")).toEqual(["generator-1"]);
});

test("what a save that was killed has left is no key, and goes with the rest", async () => {
  await store.save("x-1", state);
  const left = ["x-2.checkpoint.0a1b2c3d.tmp", "y-1.checkpoint.0a1b2c3d.tmp", "x-notes.txt"];
  for (const name of left) await writeFile(join(path("x"), "..", name), "half");
  expect(await store.keys("x-")).toEqual(["x-1"]);
  await store.remove("x-");
  expect((await readdir(join(path("x"), ".."))).sort()).toEqual([
    "x-notes.txt",
    "y-1.checkpoint.0a1b2c3d.tmp",
  ]);
});

test("a state can be a file of its own, which is never to be deleted to start over", async () => {
  const file = join(folder, "patch.trigger");
  await writeSavedState(file, state);
  expect(await readSavedState(file)).toEqual(state);
  await truncate(file, 120);
  const broken = await errorOf(() => readSavedState(file));
  expect(broken).toMatchObject({ code: "E_FILE", message: `${file} is of another format or cut off` });
  expect(broken.hint).toBeUndefined();
  expect(await errorOf(() => readSavedState(join(folder, "none.trigger")))).toMatchObject({
    code: "E_FILE",
    message: `cannot read ${join(folder, "none.trigger")}: there is no such file`,
  });
  await expect(writeSavedState(join(file, "below"), state)).rejects.toMatchObject({ code: "E_WRITE" });
});
