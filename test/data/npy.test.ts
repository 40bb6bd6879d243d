import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readNpy } from "../../src/data/npy.ts";
import { readZip } from "../../src/data/zip.ts";
import { toNumbers } from "../../src/onnx/tensor-data.ts";
import { errorOf } from "../support/errors.ts";
import { npyOf } from "../support/npz.ts";

/** Arrays as NumPy writes them: made by tools/make-data-references.py. */
const archive = new Map<string, Uint8Array>();
for (const entry of readZip(readFileSync(new URL("../references/numpy.zip", import.meta.url)))) {
  archive.set(entry.name, await entry.read());
}
const file = (name: string): Uint8Array => archive.get(`${name}.npy`)!;

test.each([1, 2, 3])("format version %i is read", (version) => {
  expect(file(`version ${version}`)[6]).toBe(version);
  const array = readNpy("a", file(`version ${version}`));
  expect(array).toMatchObject({ dtype: "float32", dims: [2, 3, 4] });
  expect(toNumbers(array)).toEqual(Array.from({ length: 24 }, (_, i) => i));
});

test("Fortran order becomes row-major order", () => {
  const array = readNpy("a", file("fortran"));
  expect(array).toMatchObject({ dtype: "int16", dims: [2, 3, 4] });
  expect(toNumbers(array)).toEqual(Array.from({ length: 24 }, (_, i) => i));
});

test.each([
  ["f2", "float16"],
  ["f4", "float32"],
  ["f8", "float64"],
  ["i1", "int8"],
  ["i2", "int16"],
  ["i4", "int32"],
  ["i8", "int64"],
  ["u1", "uint8"],
  ["u2", "uint16"],
  ["u4", "uint32"],
  ["u8", "uint64"],
])("NumPy's %s is %s", (kind, dtype) => {
  const array = readNpy("a", file(`dtype ${kind}`));
  expect(array).toMatchObject({ dtype, dims: [3] });
  expect(toNumbers(array)).toEqual([0, 1, 3]);
});

test("NumPy's bool is bool", () => {
  const array = readNpy("a", file("dtype ?"));
  expect(array.dtype).toBe("bool");
  expect(toNumbers(array)).toEqual([0, 1, 1]);
});

test("scalars and empty arrays are arrays too", () => {
  expect(readNpy("a", file("scalar"))).toEqual({ dtype: "float64", dims: [], data: Float64Array.of(2.5) });
  expect(readNpy("a", file("empty"))).toMatchObject({ dtype: "float32", dims: [0, 3] });
});

test("bytes at an odd place in memory are read", () => {
  const shifted = new Uint8Array(file("fortran").length + 1);
  shifted.set(file("fortran"), 1);
  expect(toNumbers(readNpy("a", shifted.subarray(1)))[23]).toBe(23);
});

test.each([
  ["big-endian numbers", file("big-endian"), "is big-endian (>f4), expected little-endian"],
  ["text", file("text"), "holds elements of type <U3, expected numbers"],
  ["records", file("record"), "has a header that is not understood"],
  ["a file that is cut short", file("version 1").subarray(0, -1), "holds 95 bytes of values, expected 96"],
  [
    "a file with more than its values",
    npyOf("<f4", [2], new Uint8Array(12)),
    "holds 12 bytes of values, expected 8",
  ],
  ["a header that is cut short", file("version 1").subarray(0, 40), "is cut short in its header"],
  [
    "a header of version 2 that is cut short",
    file("version 2").subarray(0, 11),
    "is cut short in its header",
  ],
  ["nothing", new Uint8Array(0), "is no NumPy array"],
  ["another file", new TextEncoder().encode("file,yaw\na.png,1"), "is no NumPy array"],
  [
    "a later version",
    Uint8Array.from(file("version 1"), (byte, i) => (i === 6 ? 4 : byte)),
    "has format version 4",
  ],
])("%s: refused in words", async (_, bytes, part) => {
  const error = await errorOf(() => readNpy("images", bytes));
  expect(error).toMatchObject({ code: "E_IMAGES", message: expect.stringContaining(`images ${part}`) });
});
