import { expect, test } from "vitest";
import { splitAtRandom, splitByNames, splitBySubject } from "../../src/data/splits.ts";
import { createRandom } from "../../src/random.ts";
import { errorOf } from "../support/errors.ts";

test("80, 10 and 10 % at random, each sample once, the same for the same seed", () => {
  const split = splitAtRandom(1000, createRandom(1));
  expect([split.train.length, split.validation.length, split.test.length]).toEqual([800, 100, 100]);
  const all = [...split.train, ...split.validation, ...split.test].sort((a, b) => a - b);
  expect(all).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  expect(splitAtRandom(1000, createRandom(1))).toEqual(split);
  expect(splitAtRandom(1000, createRandom(2))).not.toEqual(split);
  // Neither the first nor the last: the mean of 100 of 1000 is 500 with a deviation of about 27.
  const mean = split.test.reduce((sum, i) => sum + i, 0) / 100;
  expect(Math.abs(mean - 499.5)).toBeLessThan(140);
});

test("by subject, nobody is in two parts", () => {
  const subjects = Array.from({ length: 300 }, (_, i) => `p${(i * 7) % 15}`);
  const split = splitBySubject(subjects, createRandom(3));
  const peopleOf = (part: readonly number[]): Set<string> => new Set(part.map((i) => subjects[i]!));
  const [train, validation, test] = [split.train, split.validation, split.test].map(peopleOf);
  // A tenth of 15 is 1.5, which rounds to 2.
  expect([train!.size, validation!.size, test!.size]).toEqual([11, 2, 2]);
  expect(new Set([...train!, ...validation!, ...test!]).size).toBe(15);
  expect(split.train.length + split.validation.length + split.test.length).toBe(300);
  const three = splitBySubject(["a", "b", "c"], createRandom(3), { validation: 0.45, test: 0.45 });
  expect([three.train, three.validation, three.test].map((part) => part.length)).toEqual([1, 1, 1]);
});

test("by names, as protocols that leave people out do", () => {
  const split = splitByNames(["a", "b", "a", "c"], { validation: ["b"], test: ["a"] });
  expect(split).toEqual({ train: [3], validation: [1], test: [0, 2] });
});

test("what cannot be split is refused", async () => {
  const random = createRandom(1);
  expect(await errorOf(() => splitBySubject(["a", null, "b", "c"], random))).toMatchObject({
    code: "E_LABELS",
  });
  expect(await errorOf(() => splitBySubject(["a", "b", "a"], random))).toMatchObject({
    code: "E_LABELS",
    message: "found 2 subjects, expected at least 3 for three parts",
  });
  expect(await errorOf(() => splitAtRandom(10, random, { validation: 0.5, test: 0.5 }))).toMatchObject({
    code: "E_USAGE",
  });
  const named = (validation: string[], test: string[]) => () =>
    splitByNames(["a", "b"], { validation, test });
  expect(await errorOf(named(["z"], []))).toMatchObject({ code: "E_USAGE", message: /no subject "z"/ });
  expect(await errorOf(named(["a"], ["a"]))).toMatchObject({
    code: "E_USAGE",
    message: /in validation and test/,
  });
});
