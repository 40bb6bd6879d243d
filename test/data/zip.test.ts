import { readFileSync } from "node:fs";
import { deflateRawSync, crc32 as zlibCrc32 } from "node:zlib";
import { expect, test } from "vitest";
import { crc32 } from "../../src/data/crc32.ts";
import { readNpz } from "../../src/data/npz.ts";
import { readZip } from "../../src/data/zip.ts";
import { toNumbers } from "../../src/onnx/tensor-data.ts";
import { errorOf } from "../support/errors.ts";
import { npyOf, zipOf } from "../support/npz.ts";

const content = new TextEncoder().encode("clean images ".repeat(40));
const stored = zipOf({ "a.txt": content });
/** Where the fields of the first entry begin in an archive of one entry. */
const directoryOf = (zip: Uint8Array): number => zip.length - 22 - 46 - "a.txt".length;

/** The same archive with other bytes at some places. */
function changed(zip: Uint8Array, places: Record<number, number>): Uint8Array {
  const copy = new Uint8Array(zip);
  for (const [place, value] of Object.entries(places)) copy[Number(place)] = value;
  return copy;
}

/** The archive with its one entry deflated by zlib; `size` is what its directory says of the length after unpacking. */
function deflated(packed: Uint8Array = deflateRawSync(content), size: number = content.length): Uint8Array {
  const zip = Buffer.from(zipOf({ "a.txt": packed }));
  const at = directoryOf(zip);
  zip.writeUInt16LE(8, at + 10);
  zip.writeUInt32LE(crc32(content), at + 16);
  zip.writeUInt32LE(size, at + 24);
  return zip;
}

const unpacked = (zip: Uint8Array): Promise<Uint8Array> => readZip(zip)[0]!.read();

test("the checksum is zlib's", () => {
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  expect(crc32(content)).toBe(zlibCrc32(content));
});

test("stored entries are read", async () => {
  const entries = readZip(zipOf({ "a.txt": content, "b/c.txt": new Uint8Array(0) }));
  expect(entries.map(({ name, size }) => [name, size])).toEqual([
    ["a.txt", 520],
    ["b/c.txt", 0],
  ]);
  expect(Buffer.from(await entries[0]!.read())).toEqual(Buffer.from(content));
  expect(await entries[1]!.read()).toHaveLength(0);
});

test("deflated entries are read", async () => {
  expect(Buffer.from(await unpacked(deflated()))).toEqual(Buffer.from(content));
});

test("a comment at the end is no obstacle", async () => {
  const comment = new TextEncoder().encode("made by a test");
  const zip = Buffer.concat([stored, comment]);
  zip.writeUInt16LE(comment.length, stored.length - 2);
  expect(await unpacked(zip)).toHaveLength(content.length);
});

// The archive is Python's, made by tools/make-data-references.py: sizes and places stand in 64 bit fields.
const zip64 = readFileSync(new URL("../references/zip64.npz", import.meta.url));

test("64 bit sizes of entries are read", async () => {
  const arrays = await readNpz(zip64, null);
  expect(toNumbers(arrays.get("first")!)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(toNumbers(arrays.get("second")!)).toEqual([0, 1, 2]);
});

test("a 64 bit directory is read, and its absence is said", async () => {
  const end = zip64.length - 22;
  const [count, start] = [zip64.readUInt16LE(end + 10), zip64.readUInt32LE(end + 16)];
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(BigInt(count), 32);
  record.writeBigUInt64LE(BigInt(start), 48);
  const locator = Buffer.alloc(20);
  locator.write("PK\x06\x07", "latin1");
  locator.writeBigUInt64LE(BigInt(end), 8);
  const full = Buffer.from(zip64.subarray(end));
  full.writeUInt16LE(0xffff, 10);
  full.writeUInt32LE(0xffffffff, 16);
  const large = Buffer.concat([zip64.subarray(0, end), record, locator, full]);
  expect(readZip(large).map(({ name }) => name)).toEqual(["first.npy", "second.npy"]);
  record.fill(0);
  const broken = Buffer.concat([zip64.subarray(0, end), record, locator, full]);
  expect(await errorOf(() => readZip(broken))).toMatchObject({
    message: expect.stringContaining("zip64 record is missing"),
  });
});

test("an archive that is cut anywhere is refused, never misread", async () => {
  for (let length = 0; length < stored.length; length++) {
    const error = await errorOf(() => unpacked(stored.subarray(0, length)));
    expect(error.code).toBe("E_IMAGES");
  }
});

test.each([
  ["a changed byte", changed(stored, { 40: 1 }), "the checksum of a.txt does not fit"],
  ["a changed byte in deflated content", changed(deflated(), { 45: 255 }), "the zip archive is damaged"],
  ["deflated content that is cut short", deflated(deflateRawSync(content).subarray(0, -4)), "a.txt"],
  ["more content than its directory says", deflated(undefined, 519), "a.txt holds more than the 519 bytes"],
  ["less content than its directory says", deflated(undefined, 521), "a.txt has 520 bytes, expected 521"],
  ["an impossible size", deflated(undefined, 0xfffffff0), "a.txt cannot hold 4294967280 bytes"],
  ["encryption", changed(stored, { [directoryOf(stored) + 8]: 1 }), "a.txt in the zip archive is encrypted"],
  [
    "another packing",
    changed(stored, { [directoryOf(stored) + 10]: 12 }),
    "a.txt in the zip archive is packed by method 12",
  ],
  ["a gap in its directory", changed(stored, { [directoryOf(stored)]: 0 }), "its directory has a gap"],
  [
    "an entry elsewhere",
    changed(stored, { [directoryOf(stored) + 42]: 1 }),
    "a.txt is not where it should be",
  ],
  [
    "a directory beyond its end",
    changed(stored, { [stored.length - 4]: 255 }),
    "its directory points beyond its end",
  ],
  [
    "no archive at all",
    new TextEncoder().encode("no archive, but longer than 22 bytes"),
    "the file is no zip archive",
  ],
])("%s: refused in words", async (_, zip, part) => {
  const error = await errorOf(() => unpacked(zip));
  expect(error).toMatchObject({ code: "E_IMAGES", message: expect.stringContaining(part) });
});

test("an archive without the wanted arrays says what it holds", async () => {
  const zip = zipOf({ "x.npy": npyOf("<f4", [1], new Uint8Array(4)), "readme.txt": content });
  const error = await errorOf(() => readNpz(zip, ["images", "labels"]));
  expect(error.message).toBe("the archive holds x.npy, readme.txt, expected images.npy and labels.npy");
  expect((await errorOf(() => readNpz(zipOf({}), null))).message).toContain("the archive holds nothing");
  expect([...(await readNpz(zip, null)).keys()]).toEqual(["x"]);
});
