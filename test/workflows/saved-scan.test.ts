import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkpointFolder } from "../../src/jobs/checkpoint-folder.ts";
import { openSavedScan } from "../../src/workflows/saved-scan.ts";
import { errorOf } from "../support/errors.ts";

const newStore = () => checkpointFolder(mkdtempSync(join(tmpdir(), "drmguard-saved-")));
const version = "0.1.0";
const model = "a".repeat(64);
const configuration = { seed: 0, options: { steps: 40 }, images: "one" };
const state = { arrays: { x: Float32Array.of(1) }, json: null };

test("a scan goes on where one of the same configuration was saved", async () => {
  const store = newStore();
  const first = await openSavedScan(store, version, model, configuration, false);
  expect(first.isResumed).toBe(false);
  await store.save(`${first.runKey}-search`, state);
  expect(await openSavedScan(store, version, model, structuredClone(configuration), true)).toEqual({
    ...first,
    isResumed: true,
  });
  expect(await store.load(`${first.runKey}-search`)).toEqual(state);
});

test("without resume the old state is removed, and only that of this very scan", async () => {
  const store = newStore();
  const { runKey } = await openSavedScan(store, version, model, configuration, false);
  const other = await openSavedScan(store, version, model, { ...configuration, seed: 1 }, false);
  for (const key of [`${runKey}-search`, `${other.runKey}-search`, "generator-1-done"])
    await store.save(key, state);
  await openSavedScan(store, version, model, configuration, false);
  expect(await store.load(`${runKey}-search`)).toBeNull();
  expect(await store.load(`${other.runKey}-search`)).toEqual(state);
  expect(await store.load("generator-1-done")).toEqual(state);
});

test("with nothing saved, resume begins anew", async () => {
  const store = newStore();
  expect((await openSavedScan(store, version, model, configuration, true)).isResumed).toBe(false);
  // A scan of another model is none of this one's.
  expect(
    (await openSavedScan(store, version, "b".repeat(64), { ...configuration, seed: 1 }, true)).isResumed,
  ).toBe(false);
});

test("resuming under another configuration is refused, and says what differs", async () => {
  const store = newStore();
  const { runKey } = await openSavedScan(store, version, model, configuration, false);
  await store.save(`${runKey}-search`, state);
  const { seed: _, ...rest } = configuration;
  const error = await errorOf(() =>
    openSavedScan(store, version, model, { ...rest, options: { steps: 50 }, labels: 2 }, true),
  );
  expect(error.code).toBe("E_RESUME");
  expect(error.message).toBe(
    'found a saved scan of this model with seed 0 instead of nothing, options {"steps":40} instead of {"steps":50}, labels nothing instead of 2',
  );
  expect(await store.load(`${runKey}-search`)).toEqual(state);
});
