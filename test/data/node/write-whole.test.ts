import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fileError } from "../../../src/data/node/file-error.ts";
import { writeWhole } from "../../../src/data/node/write-whole.ts";
import { errorOf } from "../../support/errors.ts";

const newFolder = (): string => mkdtempSync(join(tmpdir(), "drmguard-write-"));

test("parts are written one after the other, in a folder that is made", async () => {
  const folder = newFolder();
  const path = join(folder, "new", "file.txt");
  await writeWhole(path, ["one ", new TextEncoder().encode("two "), "three"]);
  expect(readFileSync(path, "utf8")).toBe("one two three");
  expect(readdirSync(join(folder, "new"))).toEqual(["file.txt"]);
});

test("an old file is replaced", async () => {
  const folder = newFolder();
  const path = join(folder, "file.txt");
  writeFileSync(path, "a longer old content");
  await writeWhole(path, ["new"]);
  expect(readFileSync(path, "utf8")).toBe("new");
  expect(readdirSync(folder)).toEqual(["file.txt"]);
});

test("a failure while writing leaves the old file and nothing else", async () => {
  const folder = newFolder();
  const path = join(folder, "file.txt");
  writeFileSync(path, "old");
  const broken = {
    get length(): number {
      throw new Error("broken part");
    },
  } as unknown as Uint8Array;
  const error = await errorOf(() => writeWhole(path, ["half of it", broken]));
  expect(error.code).toBe("E_WRITE");
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(folder)).toEqual(["file.txt"]);
});

test("a folder or a file in the way is said, and nothing is left behind", async () => {
  const folder = newFolder();
  mkdirSync(join(folder, "taken", "inside"), { recursive: true });
  writeFileSync(join(folder, "file"), "");
  const taken = await errorOf(() => writeWhole(join(folder, "taken"), ["x"]));
  expect(taken).toMatchObject({
    code: "E_WRITE",
    message: `cannot write ${join(folder, "taken")}: it is a folder`,
  });
  const below = await errorOf(() => writeWhole(join(folder, "file", "x"), ["x"]));
  expect(below.code).toBe("E_WRITE");
  expect(readdirSync(folder).sort()).toEqual(["file", "taken"]);
});

test("a refusal of the system is said in words, an unknown one in its own", () => {
  const refused = (code: string): Error =>
    Object.assign(new Error(`${code}: as the system says it`), { code });
  expect(fileError("cannot read a", refused("EACCES")).message).toBe("cannot read a: permission denied");
  expect(fileError("cannot read a", refused("EIO")).message).toBe(
    "cannot read a: EIO: as the system says it",
  );
});
