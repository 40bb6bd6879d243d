/** Triggers like a reversed one. */
import { describe, expect, test } from "vitest";
import type { ImageShape } from "../../src/identification/families/family.ts";
import { underTriggersLike } from "../../src/mitigation/trigger-variety.ts";
import { createRandom } from "../../src/random.ts";
import { range } from "../../src/tensor/shape.ts";

const shape: ImageShape = [3, 4, 4];
const length = 3 * 4 * 4;
const gray = new Float32Array(length).fill(0.5);

/** By how much images drawn from so many seeds are changed, pixel by pixel. */
function changes(triggered: Float32Array, draws: number, of: ImageShape = shape): number[][] {
  const random = createRandom(1);
  const clean = new Float32Array(triggered.length).fill(0.5);
  return range(draws).map(() =>
    Array.from(underTriggersLike(clean, triggered, of, random), (value) => value - 0.5),
  );
}

/** Gray, but for one number. */
function oneChanged(index: number, by: number, count = length): Float32Array {
  const triggered = new Float32Array(count).fill(0.5);
  triggered[index]! += by;
  return triggered;
}

describe("triggers like a reversed one", () => {
  test("a point becomes one to three points anywhere, lighter or darker, half to three times as much", () => {
    const drawn = changes(oneChanged(5, 0.1), 400).map((change) => change.filter((v) => Math.abs(v) > 1e-6));
    const counts = new Set(drawn.map(({ length }) => length));
    expect([...counts].sort()).toEqual([1, 2, 3]);
    const alone = drawn.filter(({ length }) => length === 1).flat();
    const sizes = alone.map(Math.abs);
    // Two or three that fall on one place are not told apart, and seldom.
    expect(Math.min(...sizes)).toBeLessThan(0.07);
    expect(
      sizes.filter((size) => size > 0.05 - 1e-6 && size < 0.3 + 1e-6).length / sizes.length,
    ).toBeGreaterThan(0.9);
    const lighter = alone.filter((v) => v > 0).length / alone.length;
    expect(lighter).toBeGreaterThan(0.35);
    expect(lighter).toBeLessThan(0.65);
  });

  test("every place and every channel is reached", () => {
    const reached = new Set(
      changes(oneChanged(5, 0.1), 600).flatMap((change) =>
        change.flatMap((v, i) => (Math.abs(v) > 1e-6 ? [i] : [])),
      ),
    );
    expect(reached.size).toBe(length);
  });

  test("what belongs together stays together: neighbours around the edges, in one channel", () => {
    // A bar of two in a row is again a bar of two, in a row or a column, wherever it is moved.
    const bar = oneChanged(5, 0.1);
    bar[6]! += 0.1;
    const single = changes(bar, 400)
      .map((change) => change.flatMap((v, i) => (Math.abs(v) > 1e-6 ? [{ v, i }] : [])))
      .filter((points) => points.length === 2);
    expect(single.length).toBeGreaterThan(50);
    const directions = new Set<string>();
    for (const [one, two] of single) {
      expect(one!.v).toBeCloseTo(two!.v, 5);
      expect(Math.floor(one!.i / 16)).toBe(Math.floor(two!.i / 16));
      const [dy, dx] = [(two!.i >> 2) - (one!.i >> 2), (two!.i & 3) - (one!.i & 3)].map((v) => (v + 4) % 4);
      const steps = [dy, dx].map((v) => Math.min(v!, 4 - v!));
      expect(steps[0]! + steps[1]!).toBe(1);
      directions.add(steps.join());
    }
    expect([...directions].sort()).toEqual(["0,1", "1,0"]);
  });

  test("images that are not square are not turned", () => {
    const of: ImageShape = [1, 2, 5];
    const triggered = new Float32Array(10).fill(0.5);
    // The first row alone.
    triggered.fill(0.6, 0, 5);
    for (const change of changes(triggered, 100, of)) {
      const rows = [change.slice(0, 5), change.slice(5)];
      for (const row of rows) expect(Math.max(...row) - Math.min(...row)).toBeLessThan(1e-6);
    }
  });

  test("colours stay in [0, 1], and what changes nothing is nothing", () => {
    const strong = new Float32Array(length).fill(1);
    const values = range(50).flatMap((seed) =>
      Array.from(underTriggersLike(gray, strong, shape, createRandom(seed))),
    );
    expect(Math.max(...values)).toBeLessThanOrEqual(1);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(underTriggersLike(gray, gray, shape, createRandom(1))).toEqual(gray);
  });
});
