import { describe, expect, test } from "vitest";
import { contrastDefaults } from "../../../src/identification/contrast/options.ts";
import {
  candidatesOf,
  contrastOf,
  expectedAt,
  expectedCost,
  homesToCompare,
  isDecided,
  type PricedTarget,
  pricesOf,
} from "../../../src/identification/contrast/score.ts";
import { distanceOf, spreadTargets } from "../../../src/identification/contrast/targets.ts";
import { createRandom } from "../../../src/random.ts";

/** The first of the candidates; null when there is none. */
const candidateOf = (
  ...args: Parameters<typeof candidatesOf>
): ReturnType<typeof candidatesOf>[number] | null => candidatesOf(...args)[0] ?? null;
/** The mean alone. */
const mean = [[0, 0]];

/** A map whose cost grows along a line, with noise, and a dip at a place where there is one. */
function mapWith(dip: readonly number[] | null, noise = 0.15): PricedTarget[] {
  const random = createRandom(5);
  return spreadTargets(16, 2, 1.7).map((target) => {
    const usual = (0.01 + 0.008 * distanceOf(target)) * (1 + noise * (2 * random.uniform() - 1));
    const near = dip === null ? 0 : Math.exp(-(distanceOf(target, dip) ** 2));
    const cost = usual * (1 - 0.9 * near);
    return { target, cost, largest: 0.2, error: 0.04 };
  });
}

describe("the expected cost", () => {
  const line = [0, 0.5, 1, 1.5, 2, 2.5, 3].map((distance) => ({ distance, cost: 2 + 3 * distance }));

  test("is the line that the points lie on", () => {
    expect(expectedCost(line, 1.7)).toBeCloseTo(2 + 3 * 1.7, 10);
  });

  test("is not moved by less than half of the points", () => {
    const broken = line.map((point, i) => (i % 3 === 1 ? { ...point, cost: 0.1 } : point));
    expect(expectedCost(broken, 1.7)).toBeCloseTo(2 + 3 * 1.7, 10);
  });

  test("never falls with the distance and is never negative", () => {
    const falling = [3, 2, 1].map((cost, distance) => ({ distance, cost }));
    expect(expectedCost(falling, 10)).toBe(2);
    const steep = [1, 2, 3].map((distance) => ({ distance, cost: 5 * (distance - 0.9) }));
    expect(expectedCost(steep, 0)).toBeGreaterThanOrEqual(0);
    expect(expectedCost([{ distance: 1, cost: 4 }], 7)).toBeGreaterThanOrEqual(4);
  });

  test("leaves the neighbourhood of a target out", () => {
    const dip = spreadTargets(16, 2, 1.7)[3]!;
    const expected = expectedAt(dip, mapWith(dip, 0), contrastDefaults);
    expect(expected / (0.01 + 0.008 * distanceOf(dip))).toBeGreaterThan(0.8);
  });

  test("is lower the dearer the homes are, by a root", () => {
    const at = (home: number) => contrastOf([2], [8, 8], [home, 99], contrastDefaults, createRandom(2)).score;
    expect(at(8)).toBeCloseTo(0.25, 12);
    expect(at(32) / at(8)).toBeCloseTo(0.5, 12);
  });
});

describe("the candidate", () => {
  test.each([[[1, -1]], [[-1.3, 0.4]], [[0.2, 1.4]]])(
    "is the target next to a dip at %j, far below what is expected",
    (dip) => {
      const map = mapWith(dip);
      const { index, ratio } = candidateOf(map, mean, [], contrastDefaults)!;
      const nearest = Math.min(...map.map(({ target }) => distanceOf(target, dip)));
      expect(distanceOf(map[index]!.target, dip)).toBeLessThan(nearest + 0.4);
      expect(ratio).toBeLessThan(0.5);
    },
  );

  test("without a dip is about as dear as expected", () => {
    expect(candidateOf(mapWith(null), mean, [], contrastDefaults)!.ratio).toBeGreaterThan(0.75);
  });

  test("lies outside of known neighbourhoods, away from the mean, and is none where nothing was reached", () => {
    const dip = [1, -1];
    const map = mapWith(dip);
    const second = candidateOf(map, mean, [dip], contrastDefaults)!;
    expect(distanceOf(map[second.index]!.target, dip)).toBeGreaterThanOrEqual(contrastDefaults.neighbourhood);
    const cheapMean = map.map((each, i) => (i === 0 ? { ...each, cost: 1e-6 } : each));
    expect(candidateOf(cheapMean, mean, [], contrastDefaults)!.index).not.toBe(0);
    const found = candidateOf(map, mean, [], contrastDefaults)!;
    expect(candidateOf(map, [...mean, map[found.index]!.target], [], contrastDefaults)!.index).not.toBe(
      found.index,
    );
    const none = map.map((each) => ({ ...each, cost: null, error: 0.3 }));
    expect(candidateOf(none, mean, [], contrastDefaults)).toBeNull();
  });

  test("is followed by the next cheapest, none next to another, as many as are asked for", () => {
    const map = mapWith([1, -1]);
    const found = candidatesOf(map, mean, [], { ...contrastDefaults, shortlist: 4 });
    expect(found).toHaveLength(4);
    expect(found.map(({ ratio }) => ratio)).toEqual(found.map(({ ratio }) => ratio).sort((a, b) => a - b));
    const places = found.map(({ index }) => map[index]!.target);
    for (const [i, place] of places.entries()) {
      for (const other of places.slice(0, i)) {
        expect(distanceOf(place, other)).toBeGreaterThanOrEqual(contrastDefaults.leastDistance);
      }
    }
    expect(candidatesOf(map, mean, [], { ...contrastDefaults, shortlist: 1 })).toEqual(found.slice(0, 1));
  });

  test("where none was reached is that which outputs came closest to, away from the mean", () => {
    const map = mapWith(null).map((each, i) => ({
      ...each,
      cost: null,
      error: i === 0 ? 0.01 : i === 5 ? 0.06 : 0.2,
    }));
    expect(candidateOf(map, mean, [], contrastDefaults)).toEqual({ index: 5, ratio: 1 });
  });
});

test("what was never reached is as dear as the largest trigger that was tried", () => {
  const at = (cost: number | null, largest: number): PricedTarget => ({
    target: [1],
    cost,
    largest,
    error: 1,
  });
  expect(pricesOf([at(0.1, 0.2), at(null, 0.7), at(null, 0.3)])).toEqual([0.1, 0.7, 0.7]);
});

describe("the contrast", () => {
  const random = () => createRandom(2);

  test("is the least restart over the middle control, and its interval holds it", () => {
    const found = contrastOf([2, 3, 9], [8, 10, 12, 20, 4], [10, 11], contrastDefaults, random());
    expect(found.score).toBeCloseTo(0.2, 12);
    expect(found.low).toBeLessThanOrEqual(found.score);
    expect(found.high).toBeGreaterThanOrEqual(found.score);
    expect(found.low).toBeGreaterThanOrEqual(2 / Math.sqrt(20 * 10));
    expect(found.high).toBeLessThanOrEqual(9 / Math.sqrt(4 * 10));
    expect(contrastOf([2, 3, 9], [8, 10, 12, 20, 4], [10, 11], contrastDefaults, random())).toEqual(found);
  });

  test("is a point where all numbers agree, and one where there is nothing to compare", () => {
    // Without homes controls alone count.
    const alone = contrastOf([3, 4], [10, 30, 20], [], contrastDefaults, random());
    expect(alone.score).toBeCloseTo(3 / 20, 12);
    expect(alone.low).toBeLessThan(alone.score);
    expect(alone.high).toBeGreaterThan(alone.score);
    expect(contrastOf([3, 3], [6, 6, 6], [6, 7], contrastDefaults, random())).toEqual({
      score: 0.5,
      low: 0.5,
      high: 0.5,
    });
    expect(contrastOf([0], [0, 0], [0, 0], contrastDefaults, random()).score).toBe(1);
  });

  test("has an interval that covers the true ratio about as often as it says", () => {
    const stream = createRandom(8);
    const trials = 200;
    const draw = (count: number): number[] =>
      Array.from({ length: count }, () => Math.exp(0.15 * stream.normal()));
    let covered = 0;
    for (let i = 0; i < trials; i++) {
      const { low, high } = contrastOf(
        [1],
        draw(12),
        [1, 1],
        { bootstraps: 200, confidence: 0.9, shallow: 2 },
        stream,
      );
      if (low <= 1 && high >= 1) covered++;
    }
    expect(covered / trials).toBeGreaterThan(0.8);
  });

  test("is lower the dearer the homes are, by a root", () => {
    const at = (home: number) => contrastOf([2], [8, 8], [home, 99], contrastDefaults, random()).score;
    expect(at(8)).toBeCloseTo(0.25, 12);
    expect(at(32) / at(8)).toBeCloseTo(0.5, 12);
  });
});

test("a candidate that is no cheaper than a home is none, however dear the controls are", () => {
  const at = (home: number): number =>
    contrastOf([2], [800, 800], [home, 99], contrastDefaults, createRandom(2)).score;
  expect(at(2.4)).toBeCloseTo(2 / 2.4, 12);
  expect(at(2.6)).toBeCloseTo(2 / Math.sqrt(800 * 2.6), 12);
});

test("a home on the way to a candidate is compared with where it is cheaper, and any other home always", () => {
  const mean = { target: [0, 0], cost: 3 };
  const onTheWay = { target: [0.4, 0.1], cost: 1.1 };
  const aside = { target: [0, 0.4], cost: 1.2 };
  const beyond = { target: [2, 0], cost: 1.3 };
  const homes = [mean, onTheWay, aside, beyond];
  const at = (cost: number) => homesToCompare({ target: [1, 0], cost }, homes, 60);
  expect(at(1)).toEqual([mean, aside, beyond]);
  expect(at(1.1)).toEqual(homes);
  expect(at(5)).toEqual(homes);
});

describe("a contrast is decided", () => {
  const options = { tolerance: 0.1, farOff: 1.4 };
  const at = (cost: number | null, error = 0.2): PricedTarget => ({
    target: [1, 0],
    cost,
    largest: 3,
    error,
  });
  /** The score by controls that cost what is drawn, some of which were not reached. */
  const scores = (own: number | null, home: number | null): number[] => {
    const random = createRandom(9);
    return Array.from({ length: 50 }, () => {
      const controls = Array.from({ length: 6 }, () =>
        at(random.uniform() < 0.3 ? null : 3 * random.uniform()),
      );
      const [ofOwn, ofHome, ...others] = pricesOf([at(own), at(home), ...controls]);
      return contrastOf([ofOwn!], others, [ofHome!], contrastDefaults, random).score;
    });
  };

  test.each([null, 0.5])(
    "where its target is not to be reached any more, beside a home of %j: it is no dip",
    (home) => {
      expect(isDecided([at(null), at(null)], [at(home)], options)).toBe(true);
      for (const score of scores(null, home)) expect(score).toBeGreaterThanOrEqual(1);
    },
  );

  test("where its target costs as much as a home: it is no dip", () => {
    expect(isDecided([at(2), at(null)], [at(2), at(null)], options)).toBe(true);
    for (const score of scores(2, 2)) expect(score).toBeGreaterThanOrEqual(1);
  });

  test.each([null, 2.1])("and not where its target costs less than a home of %j", (home) => {
    expect(isDecided([at(null), at(2)], [at(home)], options)).toBe(false);
    expect(Math.min(...scores(2, home))).toBeLessThan(1);
  });

  test("and not where outputs of one search are nearly as close as is asked", () => {
    expect(isDecided([at(null, 0.13), at(null)], [at(0.5)], options)).toBe(false);
    expect(isDecided([at(null, 0.15), at(null)], [at(0.5)], options)).toBe(true);
  });

  test("and not where there is no home to compare with and its target was reached", () => {
    expect(isDecided([at(2)], [], options)).toBe(false);
  });
});
