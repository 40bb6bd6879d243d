import { describe, expect, test } from "vitest";
import { families, familyNames } from "../../../src/identification/families/families.ts";
import type { ImageShape, TriggerFamily } from "../../../src/identification/families/family.ts";
import { float32 } from "../../../src/onnx/tensor-data.ts";
import { createRandom } from "../../../src/random.ts";
import { compile } from "../../../src/runtime/compile.ts";
import { nodeRuntime } from "../../../src/runtime/node.ts";
import { Graph } from "../../../src/tensor/graph.ts";
import { someImages } from "../../support/identification.ts";

const runtime = nodeRuntime({ threads: 1 });
const side = 8;
const shape: ImageShape = [3, side, side];
const pixels = 3 * side * side;
const count = 2;
const image = someImages(count, side).pixels;
/** Far enough out that a sigmoid or tanh is at its end to the last bit. */
const far = 100;

/** Images under K triggers, and their sizes. */
async function apply(
  family: TriggerFamily,
  thetas: readonly Float32Array[],
): Promise<{ images: Float32Array[]; sizes: number[] }> {
  const graph = new Graph();
  const theta = graph.input("theta", [thetas.length, family.length(shape)]);
  const x = graph.input("image", [count, ...shape]);
  const program = await compile(runtime, { ...family.write(theta, x) });
  const results = await program.run({
    theta: float32(
      thetas.flatMap((each) => [...each]),
      [thetas.length, family.length(shape)],
    ),
    image: float32(image, [count, ...shape]),
  });
  await program.release();
  expect(results.images!.dims).toEqual([thetas.length, count, ...shape]);
  const all = results.images!.data as Float32Array;
  return {
    images: thetas.map((_, k) => all.slice(k * count * pixels, (k + 1) * count * pixels)),
    sizes: [...(results.size!.data as Float32Array)],
  };
}

const filled = (length: number, value: (i: number) => number): Float32Array =>
  Float32Array.from({ length }, (_, i) => value(i));
const mean = (values: Float32Array): number =>
  values.reduce((total, value) => total + value, 0) / values.length;
function expectClose(found: Float32Array, expected: Float32Array): void {
  expect(found.length).toBe(expected.length);
  const off = Math.max(...found.map((value, i) => Math.abs(value - expected[i]!)));
  expect(off).toBeLessThan(1e-5);
}

describe("patch", () => {
  const { patch } = families;
  const theta = (mask: (i: number) => number, pattern: number): Float32Array =>
    Float32Array.from([...filled(side * side, mask), ...filled(pixels, () => pattern)]);

  test("no mask leaves images, a whole one covers them, and a part covers a part", async () => {
    const corner = (i: number): boolean => i % side < 2 && i < 2 * side;
    const { images, sizes } = await apply(patch, [
      theta(() => -far, far),
      theta(() => far, far),
      theta((i) => (corner(i) ? far : -far), -far),
    ]);
    expectClose(images[0]!, image);
    expectClose(
      images[1]!,
      filled(count * pixels, () => 1),
    );
    const blackCorner = image.map((value, i) => (corner(i % (side * side)) ? 0 : value));
    expectClose(images[2]!, blackCorner);
    expect(sizes[0]).toBeCloseTo(0, 6);
    const changes = [image.map((value) => 1 - value), image.map((value, i) => value - blackCorner[i]!)];
    expect(sizes[1]).toBeCloseTo(mean(changes[0]!) / mean(image), 4);
    expect(sizes[2]).toBeCloseTo(mean(changes[1]!) / mean(image), 4);
  });
});

describe("additive", () => {
  const { additive } = families;

  test("is added to all images, a tenth of the range for a unit, and cut at black and white", async () => {
    const { images, sizes } = await apply(additive, [
      filled(pixels, () => 0),
      filled(pixels, () => 5),
      filled(pixels, (i) => (i === 5 ? 0.1 : 0)),
    ]);
    const lighter = image.map((value) => Math.min(1, Math.max(0, value + 0.5)));
    expectClose(
      images[0]!,
      image.map((value) => Math.min(1, Math.max(0, value))),
    );
    expectClose(images[1]!, lighter);
    expectClose(
      images[2]!,
      image.map((value, i) => Math.min(1, value + (i % pixels === 5 ? 0.01 : 0))),
    );
    const cut = image.map((value) => Math.min(1, value) - value);
    const rms = (values: Float32Array): number => Math.sqrt(mean(values.map((value) => value * value)));
    expect(sizes[0]).toBeCloseTo(rms(cut), 5);
    expect(sizes[1]).toBeCloseTo(rms(image.map((value, i) => lighter[i]! - value)), 4);
  });
});

describe("wave", () => {
  const { wave } = families;
  /** theta of one wave. */
  const single = (channel: number, u: number, v: number, value: number): Float32Array =>
    filled(wave.length(shape), (i) => (i === (channel * side + u) * side + v ? value : 0));
  const cosine = (u: number, place: number): number =>
    u === 0 ? 1 : Math.SQRT2 * Math.cos((Math.PI * u * (place + 0.5)) / side);

  test("a wave is added to its channel, and its size is its root mean square", async () => {
    const [u, v] = [2, 3];
    const { images, sizes } = await apply(wave, [single(1, u, v, 4), single(0, 0, 0, -300)]);
    const [y, x] = [(i: number) => Math.floor(i / side) % side, (i: number) => i % side];
    const channel = (i: number): number => Math.floor(i / (side * side)) % 3;
    const delta = filled(pixels, (i) => (channel(i) === 1 ? 0.04 * cosine(u, y(i)) * cosine(v, x(i)) : 0));
    const rms = Math.sqrt(mean(delta.filter((_, i) => channel(i) === 1).map((value) => value * value)));
    expect(rms).toBeCloseTo(0.04, 6);
    expect(sizes[0]).toBeCloseTo(rms / 3, 6);
    expectClose(
      images[0]!,
      image.map((value, i) => Math.min(1, Math.max(0, value + delta[i % pixels]!))),
    );
    // The wave of no period darkens its channel, and images are cut at black.
    expectClose(
      images[1]!,
      image.map((value, i) => (channel(i) === 0 ? 0 : value)),
    );
    expect(sizes[1]).toBeCloseTo(1, 5);
  });

  test("sizes of waves add up, whatever their signs", async () => {
    const theta = single(1, 2, 3, 4);
    theta[0] = -2;
    const { sizes } = await apply(wave, [theta]);
    expect(sizes[0]).toBeCloseTo(0.06 / 3, 6);
  });
});

describe("warp", () => {
  const { warp } = families;
  const n = warp.length(shape);
  const largest = (3 / 64) * side;
  const along = (x: number, y: number): Float32Array =>
    filled(n, (i) => Math.atanh((i < n / 2 ? x : y) / largest));
  /** Each image shifted by a part of a pixel along x, its last column standing beyond the border. */
  const shifted = (by: number): Float32Array =>
    image.map((value, i) => {
      const next = i % side === side - 1 ? value : image[i + 1]!;
      return value + by * (next - value);
    });

  test("no displacement leaves images, and one that is even shifts them", async () => {
    const { images, sizes } = await apply(warp, [along(0, 0), along(0.25, 0), along(0, -0.3)]);
    expectClose(images[0]!, image);
    expectClose(images[1]!, shifted(0.25));
    const fromAbove = image.map((value, i) => {
      const above = i % (side * side) < side ? value : image[i - side]!;
      return value + 0.3 * (above - value);
    });
    expectClose(images[2]!, fromAbove);
    expect(sizes[0]).toBeCloseTo(0, 5);
    // Root mean square over both axes, of which one is still.
    expect(sizes[1]).toBeCloseTo(0.25 / largest / Math.SQRT2, 5);
    expect(sizes[2]).toBeCloseTo(0.3 / largest / Math.SQRT2, 5);
  });

  test("the largest displacement is 3 px at 64 px, as a part of the side", async () => {
    const { images, sizes } = await apply(warp, [filled(n, (i) => (i < n / 2 ? far : 0))]);
    expectClose(images[0]!, shifted(0.375));
    expect(sizes[0]).toBeCloseTo(1 / Math.SQRT2, 5);
  });
});

describe.each(familyNames)("the family %s", (name) => {
  const family: TriggerFamily = families[name];

  test("begins with a faint trigger that differs between streams", async () => {
    const starts = ["a", "b"].map((purpose) => family.initial(shape, createRandom(1).fork(purpose)));
    for (const start of starts) expect(start.length).toBe(family.length(shape));
    expect(starts[0]).not.toEqual(starts[1]);
    expect(starts[0]).toEqual(family.initial(shape, createRandom(1).fork("a")));
    const { sizes } = await apply(family, starts);
    for (const size of sizes) {
      expect(size).toBeGreaterThan(0);
      expect(size).toBeLessThan(0.5);
    }
  });
});
