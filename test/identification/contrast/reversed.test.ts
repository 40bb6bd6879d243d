import { expect, test } from "vitest";
import { type ReversedFinding, reversedTriggers } from "../../../src/identification/contrast/reversed.ts";

const finding = (family: string, score: number, leadsWhereHidden = false): ReversedFinding => ({
  family,
  score,
  leadsWhereHidden,
  theta: Float32Array.of(score),
  target: [score, -score],
});
const told = (...findings: ReversedFinding[]): [string, number][] =>
  reversedTriggers(findings).map(({ family, score }) => [family, score]);

test("the lowest score comes first, whatever its family", () => {
  expect(told(finding("patch", 0.3), finding("wave", 0.1), finding("patch", 0.2))).toEqual([
    ["wave", 0.1],
    ["patch", 0.2],
    ["patch", 0.3],
  ]);
  expect(reversedTriggers([finding("wave", 0.5)])).toEqual([
    { family: "wave", score: 0.5, theta: Float32Array.of(0.5), target: [0.5, -0.5] },
  ]);
});

test("what leads where all hidden images do is left out where there is another, and stays where there is none", () => {
  const hidden = finding("wave", 0.1, true);
  expect(told(hidden, finding("patch", 0.2))).toEqual([["patch", 0.2]]);
  expect(told(hidden)).toEqual([["wave", 0.1]]);
  expect(told()).toEqual([]);
});
