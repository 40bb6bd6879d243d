import { expect, test } from "vitest";
import { readBenignNpz } from "../../src/data/benign-npz.ts";
import { float16ToNumber } from "../../src/onnx/tensor-data.ts";
import { errorOf } from "../support/errors.ts";
import { npyOf, zipOf } from "../support/npz.ts";

const wants = { channels: 3, size: null, resizeTo: null } as const;
const bytesOf = (values: ArrayBufferView): Uint8Array => new Uint8Array(values.buffer);
const floats = (...values: number[]): Uint8Array => bytesOf(Float32Array.from(values));
const read = (images: Uint8Array, labels?: Uint8Array, channels: 1 | 3 = 3) =>
  readBenignNpz(zipOf({ "images.npy": images, ...(labels && { "labels.npy": labels }) }), {
    ...wants,
    channels,
  });

/** Two images of 1 x 2 px in three channels. */
const someFloats = npyOf(
  "<f4",
  [2, 3, 1, 2],
  floats(0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 0.25),
);

test("bytes are channels last and become channels first in [0, 1]", async () => {
  const { images } = await read(
    npyOf("|u1", [2, 1, 2, 3], Uint8Array.of(0, 51, 255, 102, 153, 204, 1, 2, 3, 4, 5, 6)),
  );
  expect(images.shape).toEqual([2, 3, 1, 2]);
  expect([...images.pixels.subarray(0, 6)]).toEqual([0, 0.4, 0.2, 0.6, 1, 0.8].map(Math.fround));
  expect([...images.pixels.subarray(6)]).toEqual([1, 4, 2, 5, 3, 6].map((byte) => Math.fround(byte / 255)));
  expect(images).toMatchObject({ labels: null, labelNames: [], names: ["image 0", "image 1"] });
});

test("floats are channels first and stay as they are", async () => {
  const { images } = await read(someFloats);
  expect(images.shape).toEqual([2, 3, 1, 2]);
  expect(images.pixels).toEqual(Float32Array.of(0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 0.25));
});

test("floats of 64 and 16 bits are read as numbers", async () => {
  const wide = await read(npyOf("<f8", [2, 1, 1, 1], bytesOf(Float64Array.of(0.1, 0.75))), undefined, 1);
  expect(wide.images.pixels).toEqual(Float32Array.of(0.1, 0.75));
  // 0x3800 is 0.5, 0x2e66 is 0.1 in half precision.
  const half = await read(npyOf("<f2", [2, 1, 1, 1], bytesOf(Uint16Array.of(0x3800, 0x2e66))), undefined, 1);
  expect([...half.images.pixels]).toEqual([0.5, float16ToNumber(0x2e66)]);
});

test.each([
  ["of two axes", npyOf("<f4", [2, 2], floats(1, 2, 3, 4)), [1, 2, 3, 4], ["output 0", "output 1"]],
  ["of one axis", npyOf("<f8", [2], bytesOf(Float64Array.of(1, 2))), [1, 2], ["output 0"]],
  ["of whole numbers", npyOf("<i8", [2], bytesOf(BigInt64Array.of(-1n, 2n))), [-1, 2], ["output 0"]],
])("labels may be %s", async (_, labels, values, names) => {
  const { images } = await read(someFloats, labels);
  expect(images.labels).toEqual(Float32Array.from(values));
  expect(images.labelNames).toEqual(names);
});

test.each([
  ["values beyond 1", npyOf("<f4", [2, 1, 1, 1], floats(0, 255)), "values from 0 to 255, expected [0, 1]"],
  ["values below 0", npyOf("<f4", [2, 1, 1, 1], floats(-1, 1)), "values from -1 to 1, expected [0, 1]"],
  ["NaN", npyOf("<f4", [2, 1, 1, 1], floats(0, Number.NaN)), "found NaN"],
  [
    "floats with channels last",
    npyOf("<f4", [2, 2, 1, 3], floats(...new Array(12).fill(0))),
    "found images of float32 [2, 2, 1, 3]",
  ],
  [
    "bytes with channels first",
    npyOf("|u1", [2, 3, 1, 2], new Uint8Array(12)),
    "found images of uint8 [2, 3, 1, 2]",
  ],
  [
    "whole numbers of 16 bits",
    npyOf("<u2", [2, 1, 1, 1], new Uint8Array(4)),
    "found images of uint16 [2, 1, 1, 1]",
  ],
  ["three axes", npyOf("|u1", [2, 2, 3], new Uint8Array(12)), "found images of uint8 [2, 2, 3]"],
])("images of %s: refused in words", async (_, images, part) => {
  const error = await errorOf(() => read(images));
  expect(error).toMatchObject({ code: "E_IMAGES", message: expect.stringContaining(part) });
});

test.each([
  [
    "another number",
    npyOf("<f4", [3], floats(1, 2, 3)),
    "found labels of float32 [3], expected float32 [2, d]",
  ],
  ["three axes", npyOf("<f4", [2, 1, 1], floats(1, 2)), "found labels of float32 [2, 1, 1]"],
  ["bool", npyOf("|b1", [2], Uint8Array.of(0, 1)), "found labels of bool [2]"],
  [
    "numbers that are not finite",
    npyOf("<f4", [2, 2], floats(1, 2, 3, Number.NaN)),
    "found NaN among the labels (row 1, column 1)",
  ],
])("labels of %s: refused in words", async (_, labels, part) => {
  const error = await errorOf(() => read(someFloats, labels));
  expect(error).toMatchObject({ code: "E_LABELS", message: expect.stringContaining(part) });
});

test("an archive without images says so", async () => {
  const zip = zipOf({ "labels.npy": npyOf("<f4", [2], floats(1, 2)) });
  const error = await errorOf(() => readBenignNpz(zip, wants));
  expect(error).toMatchObject({ code: "E_IMAGES", message: "the archive holds no images.npy" });
});
