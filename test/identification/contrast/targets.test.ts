import { describe, expect, test } from "vitest";
import {
  controlTargets,
  distanceOf,
  isOnTheWay,
  spreadTargets,
  surroundingTargets,
  targetsOver,
} from "../../../src/identification/contrast/targets.ts";
import { createRandom } from "../../../src/random.ts";

describe.each([1, 2, 3, 8])("the map of %d outputs", (d) => {
  const targets = spreadTargets(16, d, 1.7);

  test("begins with the mean and stays in its box", () => {
    expect(targets).toHaveLength(17);
    expect(targets[0]).toEqual(new Array(d).fill(0));
    for (const target of targets) {
      expect(target).toHaveLength(d);
      for (const value of target) expect(Math.abs(value)).toBeLessThanOrEqual(1.7);
    }
  });

  test("fills every half of every axis evenly", () => {
    for (let j = 0; j < d; j++) {
      const above = targets.slice(1).filter((target) => target[j]! > 0).length;
      expect(Math.abs(above - 8)).toBeLessThanOrEqual(3);
    }
  });
});

test("no two targets of the map lie side by side, and no place of the box is far from all", () => {
  const targets = spreadTargets(16, 2, 1.7);
  const pairs = targets.flatMap((a, i) => targets.slice(i + 1).map((b) => distanceOf(a, b)));
  expect(Math.min(...pairs)).toBeGreaterThan(0.35);
  const places = Array.from({ length: 400 }, (_, i) => [
    1.7 * ((2 * (i % 20)) / 19 - 1),
    1.7 * ((2 * Math.floor(i / 20)) / 19 - 1),
  ]);
  const gaps = places.map((place) => Math.min(...targets.map((target) => distanceOf(place, target))));
  expect(Math.max(...gaps)).toBeLessThan(1.1);
  const near = gaps.filter((gap) => gap < 0.7).length / gaps.length;
  expect(near).toBeGreaterThan(0.9);
});

describe.each([2, 3, 8])("controls of %d outputs", (d) => {
  const candidate = Array.from({ length: d }, (_, j) => 1.1 - 0.4 * j);
  const controls = controlTargets(candidate, 8, 60, createRandom(3));

  test("are as far from the mean as the candidate, in other directions", () => {
    expect(controls).toHaveLength(8);
    for (const control of controls) {
      expect(distanceOf(control)).toBeCloseTo(distanceOf(candidate), 10);
      const dot = control.reduce((total, value, j) => total + value * candidate[j]!, 0);
      expect(dot / distanceOf(candidate) ** 2).toBeLessThanOrEqual(0.5 + 1e-9);
    }
  });

  test("lie apart, and are the same from the same stream", () => {
    const pairs = controls.flatMap((a, i) => controls.slice(i + 1).map((b) => distanceOf(a, b)));
    expect(Math.min(...pairs) / distanceOf(candidate)).toBeGreaterThan(0.25);
    expect(controlTargets(candidate, 8, 60, createRandom(3))).toEqual(controls);
    expect(controlTargets(candidate, 8, 60, createRandom(4))).not.toEqual(controls);
  });
});

test("on a line controls lie on the other side, at distances around the candidate's", () => {
  const controls = controlTargets([1.2], 6, 60, createRandom(1)).map(([value]) => value!);
  expect(controls.every((value) => value < 0)).toBe(true);
  expect(controls.reduce((total, value) => total + value, 0) / 6).toBeCloseTo(-1.2, 10);
  expect(Math.min(...controls) / -1.2).toBeGreaterThan(1.2);
  expect(Math.max(...controls) / -1.2).toBeLessThan(0.8);
});

test("a candidate at the mean has controls there", () => {
  const controls = controlTargets([0, 0], 3, 60, createRandom(1));
  expect(controls.map((control) => distanceOf(control))).toEqual([0, 0, 0]);
});

test.each([1, 2, 3, 8])(
  "targets all around the mean in %d outputs lie apart, none much nearer than asked",
  (d) => {
    const around = surroundingTargets(1.2, 6, d, createRandom(2));
    expect(around).toHaveLength(6);
    const distances = around.map((each) => distanceOf(each));
    const mean = distances.reduce((total, each) => total + each, 0) / 6;
    expect(mean).toBeCloseTo(1.2, 1);
    expect(Math.min(...distances)).toBeGreaterThan(0.7 * 1.2 - 1e-9);
    const pairs = around.flatMap((a, i) => around.slice(i + 1).map((b) => distanceOf(a, b)));
    expect(Math.min(...pairs)).toBeGreaterThan(0.1);
    // None of them is the only one on its side.
    for (const sign of [-1, 1])
      expect(around.filter(([first]) => sign * first! > 0).length).toBeGreaterThan(1);
    expect(surroundingTargets(1.2, 6, d, createRandom(2))).toEqual(around);
  },
);

test("what lies on the way to a target is nearer and in its direction, and the mean is not", () => {
  const target = [2, 0];
  expect(isOnTheWay([1, 0.5], target, 60)).toBe(true);
  expect(isOnTheWay([1, 2], target, 60)).toBe(false);
  expect(isOnTheWay([0.5, 1], target, 60)).toBe(false);
  expect(isOnTheWay([0.5, 1], target, 70)).toBe(true);
  expect(isOnTheWay([-1, 0], target, 60)).toBe(false);
  expect(isOnTheWay([2.1, 0], target, 60)).toBe(false);
  expect(isOnTheWay([0, 0], target, 60)).toBe(false);
  expect(isOnTheWay([-0.3], [-1], 60)).toBe(true);
  expect(isOnTheWay([0.3], [-1], 60)).toBe(false);
});

describe("of many outputs", () => {
  const random = createRandom(8);
  // Clean outputs on a plane of twenty axes, one of them far away.
  const usual = Array.from({ length: 100 }, (_, i) => {
    const [a, b] = i === 0 ? [30, 30] : [random.normal(), random.normal()];
    return Array.from({ length: 20 }, (_, j) => (j === 3 ? a : j === 11 ? b : 0));
  });
  const ones = usual[0]!.map(() => 1);
  const rows = ones.map(() => ones);
  const scale = { mean: ones, std: ones, root: rows, inverseRoot: rows, usual };

  test("targets are the mean and clean ones that lie apart, none of them among the farthest", () => {
    const [mean, ...targets] = targetsOver(scale, 10, 1.7);
    expect(mean).toEqual(ones.map(() => 0));
    expect(targets).toHaveLength(10);
    for (const target of targets) expect(usual).toContainEqual(target);
    expect(targets).not.toContainEqual(usual[0]);
    const pairs = targets.flatMap((a, i) => targets.slice(i + 1).map((b) => distanceOf(a, b)));
    expect(Math.min(...pairs)).toBeGreaterThan(0.5);
  });

  test("there are no more of them than clean outputs", () => {
    expect(targetsOver({ ...scale, usual: usual.slice(1, 4) }, 10, 1.7)).toHaveLength(4);
  });

  test("targets all around the mean lie in directions of clean ones", () => {
    const around = surroundingTargets(1.2, 6, 20, createRandom(3), usual);
    expect(around).toHaveLength(6);
    for (const each of around) {
      expect(distanceOf(each)).toBeCloseTo(1.2, 10);
      expect(each.filter((value, j) => j !== 3 && j !== 11 && value !== 0)).toEqual([]);
    }
  });

  test("controls lie in directions of clean ones, as far away as the candidate", () => {
    const candidate = usual[1]!.map((value) => 2 * value);
    const controls = controlTargets(candidate, 6, 60, createRandom(3), usual);
    expect(controls).toHaveLength(6);
    for (const control of controls) {
      expect(distanceOf(control)).toBeCloseTo(distanceOf(candidate), 10);
      expect(control.every((value, j) => value === 0 || j === 3 || j === 11)).toBe(true);
      const dot = control.reduce((total, value, j) => total + value * candidate[j]!, 0);
      expect(dot / distanceOf(candidate) ** 2).toBeLessThanOrEqual(0.5 + 1e-9);
    }
  });
});
