import { createHash } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadModel } from "../../src/jobs/load-model.ts";
import { defaultMemoryLimit, residentMemory } from "../../src/jobs/memory.ts";
import { smallModel } from "../support/cli.ts";
import { errorOf } from "../support/errors.ts";

const folder = mkdtempSync(join(tmpdir(), "drmguard-load-"));
const path = join(folder, "model.onnx");
const bytes = smallModel();
writeFileSync(path, bytes);

test("a model is read, with what identifies its file", async () => {
  const loaded = await loadModel(path, 1e9);
  expect(loaded.sha256).toBe(createHash("sha256").update(bytes).digest("hex"));
  expect(loaded.bytes).toBe(bytes.length);
  expect(loaded.model.input.shape).toEqual(["N", 3, 8, 8]);
});

test.each([
  ["a path where nothing is", join(folder, "none.onnx"), 1e9, "E_FILE", "there is no such file or folder"],
  ["a folder", folder, 1e9, "E_FILE", `found the folder ${folder}, expected an ONNX file`],
  ["a model that is too large", path, 3 * bytes.length - 1, "E_MEMORY", "the limit is 0.0 GB"],
])("%s: refused in words", async (_, file, limit, code, part) => {
  const error = await errorOf(() => loadModel(file, limit));
  expect(error).toMatchObject({ code, message: expect.stringContaining(part) });
});

test("a model that just fits is read", async () => {
  expect((await loadModel(path, 3 * bytes.length)).bytes).toBe(bytes.length);
});

test("the default limit is most of what is available", () => {
  const available = process.availableMemory();
  // Other processes take and give memory meanwhile.
  expect(defaultMemoryLimit() / available).toBeGreaterThan(0.6);
  expect(defaultMemoryLimit()).toBeLessThan(available);
  expect(Number.isInteger(defaultMemoryLimit())).toBe(true);
});

test.skipIf(process.platform === "win32")(
  "the memory of a process is told, and of one that is gone nothing",
  async () => {
    const found = (await residentMemory(process.pid))!;
    expect(found / process.memoryUsage.rss()).toBeGreaterThan(0.5);
    expect(found / process.memoryUsage.rss()).toBeLessThan(2);
    // Linux gives no process this number.
    expect(await residentMemory(2 ** 30)).toBeNull();
  },
);
