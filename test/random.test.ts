import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom, type Random, resumeRandom } from "../src/random.ts";

const draw = (random: Random, count: number): number[] =>
  Array.from({ length: count }, () => random.uniform());
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Pearson's correlation; of independent values it lies within 4 / sqrt(n) of 0 all but always. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const covariance = (x: readonly number[], y: readonly number[]): number =>
    mean(x.map((value, i) => (value - mean(x)) * (y[i]! - mean(y))));
  return covariance(a, b) / Math.sqrt(covariance(a, a) * covariance(b, b));
}

test("the same seed gives the same numbers, another seed others", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), (seed, other) => {
      expect(draw(createRandom(seed), 5)).toEqual(draw(createRandom(seed), 5));
      if (other !== seed) expect(draw(createRandom(other), 5)).not.toEqual(draw(createRandom(seed), 5));
    }),
  );
});

test("uniform numbers lie in [0, 1) and whole ones in [0, n)", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 1000 }), (seed, n) => {
      const random = createRandom(seed);
      for (let i = 0; i < 20; i++) {
        const [u, k] = [random.uniform(), random.integer(n)];
        expect(u >= 0 && u < 1 && Number.isInteger(k) && k >= 0 && k < n).toBe(true);
      }
    }),
  );
});

test("a permutation holds every number once", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 0, max: 60 }), (seed, n) => {
      const order = createRandom(seed).permutation(n);
      expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
    }),
  );
});

test("every permutation of three comes up as often as the others", () => {
  const random = createRandom(1);
  const counts = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const order = random.permutation(3).join();
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(6);
  // Five standard deviations of a count that is 1000 on average.
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(145);
});

test("normal numbers have mean 0, variance 1 and the tails of the normal distribution", () => {
  const random = createRandom(2);
  const values = Array.from({ length: 20000 }, () => random.normal());
  expect(Math.abs(mean(values))).toBeLessThan(0.035);
  expect(Math.abs(mean(values.map((x) => x * x)) - 1)).toBeLessThan(0.05);
  // P(|z| > 1.96) = 0.05
  expect(Math.abs(mean(values.map((x) => (Math.abs(x) > 1.96 ? 1 : 0))) - 0.05)).toBeLessThan(0.008);
});

test("a stream goes on where its state was taken", () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(20), (seed, drawn) => {
      const random = createRandom(seed);
      draw(random, drawn);
      const resumed = resumeRandom(JSON.parse(JSON.stringify(random.state())));
      expect(draw(resumed, 5)).toEqual(draw(random, 5));
    }),
  );
});

test("a fork does not change the stream that it comes from, and depends on its purpose and place", () => {
  const random = createRandom(3);
  const before = random.state();
  const fork = draw(random.fork("a"), 5);
  expect(random.state()).toEqual(before);
  expect(draw(random.fork("a"), 5)).toEqual(fork);
  expect(draw(random.fork("b"), 5)).not.toEqual(fork);
  random.uniform();
  expect(draw(random.fork("a"), 5)).not.toEqual(fork);
});

describe.each([
  ["neighbouring seeds", (i: number) => createRandom(i)],
  ["forks with neighbouring names", (i: number) => createRandom(0).fork(`epoch ${i}`)],
  ["forks of neighbouring seeds", (i: number) => createRandom(i).fork("search")],
])("streams of %s", (_, stream) => {
  const count = 2000;
  const streams = Array.from({ length: count }, (_, i) => draw(stream(i), 3));

  test.each([0, 1, 2])("are spread over [0, 1) at draw %i", (place) => {
    const bins = new Array<number>(10).fill(0);
    for (const values of streams) bins[Math.floor(10 * values[place]!)]!++;
    // Five standard deviations of a count that is 200 on average.
    for (const bin of bins) expect(Math.abs(bin - count / 10)).toBeLessThan(67);
  });

  test.each([0, 1, 2])("do not follow each other at draw %i", (place) => {
    const values = streams.map((each) => each[place]!);
    expect(Math.abs(correlation(values.slice(1), values.slice(0, -1)))).toBeLessThan(4 / Math.sqrt(count));
  });
});
