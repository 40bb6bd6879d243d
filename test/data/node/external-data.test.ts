import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { externalDataBeside } from "../../../src/data/node/external-data.ts";
import { errorOf } from "../../support/errors.ts";

const outer = mkdtempSync(join(tmpdir(), "drmguard-external-"));
const folder = join(outer, "model");
mkdirSync(join(folder, "parts"), { recursive: true });
mkdirSync(join(outer, "model-2"));
writeFileSync(join(outer, "secret.bin"), "secret");
writeFileSync(join(outer, "model-2", "secret.bin"), "secret");
writeFileSync(join(folder, "weights.bin"), Uint8Array.of(1, 2, 3, 4, 5));
writeFileSync(join(folder, "parts", "more.bin"), Uint8Array.of(6, 7));
symlinkSync(join(outer, "secret.bin"), join(folder, "link-out.bin"));
symlinkSync(join(outer, "model-2"), join(folder, "folder-out"));
symlinkSync("weights.bin", join(folder, "link-in.bin"));
const read = externalDataBeside(join(folder, "model.onnx"));

test.each([
  ["weights.bin", 0, null, [1, 2, 3, 4, 5]],
  ["weights.bin", 1, 3, [2, 3, 4]],
  ["weights.bin", 3, null, [4, 5]],
  ["weights.bin", 5, 0, []],
  ["./weights.bin", 4, 1, [5]],
  ["parts/more.bin", 0, null, [6, 7]],
  ["link-in.bin", 0, 2, [1, 2]],
])("%s from %s, %s bytes, is read", (location, offset, length, expected) => {
  expect([...read(location, offset, length)]).toEqual(expected);
});

test.each([
  "../secret.bin",
  "parts/../../secret.bin",
  "parts\\..\\..\\secret.bin",
  "../model-2/secret.bin",
  "..",
  "",
  ".",
  join(outer, "secret.bin"),
  join(folder, "weights.bin"),
  "/etc/passwd",
  "C:\\secret.bin",
  "\\\\server\\share\\secret.bin",
  "link-out.bin",
  "folder-out/secret.bin",
])("%j is outside of the model's folder, or named as if it were", async (location) => {
  const error = await errorOf(() => read(location, 0, null));
  expect(error).toMatchObject({
    code: "E_EXTERNAL_DATA",
    message: expect.stringContaining("outside of its folder"),
  });
});

test.each([
  ["none.bin", 0, null, "cannot be read: there is no such file or folder"],
  ["weights.bin/none", 0, null, "cannot be read: a part of the path is a file"],
  ["parts", 0, null, "which is no file"],
  ["weights.bin", 0, 6, "bytes 0 to 6, but it has 5 bytes"],
  ["weights.bin", 4, 2, "bytes 4 to 6, but it has 5 bytes"],
  ["weights.bin", 6, null, "but it has 5 bytes"],
  ["weights.bin", -1, 2, "bytes -1 to 1, but it has 5 bytes"],
  ["weights.bin", 0, -1, "but it has 5 bytes"],
  ["weights.bin", 2 ** 60, 2, "but it has 5 bytes"],
  ["weights.bin", Number.NaN, 2, "but it has 5 bytes"],
])("%s from %s, %s bytes: refused in words", async (location, offset, length, part) => {
  const error = await errorOf(() => read(location, offset, length));
  expect(error).toMatchObject({ code: "E_EXTERNAL_DATA", message: expect.stringContaining(part) });
});
