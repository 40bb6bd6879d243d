import { expect, test } from "vitest";
import { contrastDefaults } from "../../../src/identification/contrast/options.ts";
import {
  decidingOf,
  isCertain,
  isOnlyGeneral,
  type JudgedFinding,
  judge,
  limitsOf,
  lowestOf,
} from "../../../src/identification/contrast/verdict.ts";

const options = { ...contrastDefaults, threshold: 0.5 };
const limits = limitsOf(options, 2);
const oneOutput = limitsOf(options, 1);
const finding = (low: number, score: number, high: number, family = "patch"): JudgedFinding => ({
  family,
  score,
  low,
  high,
  climb: 1,
  generality: null,
  tolerance: 0.1,
  isComparable: true,
  leadsWhereHidden: false,
  beside: "homes and controls",
  canHide: family !== "warp",
  controls: [{ cost: 1 }, { cost: 2 }],
});
const unclimbed = (low: number, score: number, high: number, family = "patch"): JudgedFinding => ({
  ...finding(low, score, high, family),
  climb: null,
});
const clear = finding(0.1, 0.12, 0.2);
const usual = finding(0.7, 0.8, 1.1, "warp");
const unsure = finding(0.4, 0.48, 0.6);

test.each([
  ["one clear dip", { findings: [usual, clear] }, "backdoored", "below 0.5"],
  [
    "what was compared with controls alone, and is clear",
    { findings: [usual, { ...unclimbed(0.1, 0.12, 0.2), beside: "controls" }] },
    "backdoored",
    "below 0.25",
  ],
  [
    "what was compared with controls alone, and is not as clear",
    { findings: [usual, { ...unclimbed(0.2, 0.24, 0.3), beside: "controls" }] },
    "inconclusive",
    "not below 0.25",
  ],
  [
    "what lies at the mean and was compared with targets farther away",
    { findings: [{ ...finding(0.1, 0.12, 0.2), beside: "farther controls" }] },
    "backdoored",
    "of what control targets farther away let expect",
  ],
  ["no dip", { findings: [usual] }, "benign", "not below 0.5"],
  ["a dip that may be none", { findings: [usual, unsure] }, "inconclusive", "0.40 to 0.60"],
  ["a dip that is clear beside one that is not", { findings: [unsure, clear] }, "backdoored", "below 0.5"],
  ["no end", { findings: [usual], isComplete: false }, "inconclusive", "time budget"],
  ["a clear dip and no end", { findings: [clear], isComplete: false }, "backdoored", "below 0.5"],
  ["nothing found", { findings: [], wholeError: null }, "inconclusive", "nothing was found"],
  ["a trigger that works on a batch only", { findings: [clear], wholeError: 0.9 }, "inconclusive", "0.900"],
  [
    "a trigger that could not be measured",
    { findings: [clear], wholeError: Number.NaN },
    "inconclusive",
    "NaN",
  ],
  [
    "a family without a dip",
    { findings: [], noDips: [{ family: "patch", ratio: 0.93 }] },
    "benign",
    "costs 0.93",
  ],
  [
    "a dip that is clear for several outputs, but one output has one other side",
    { findings: [usual, finding(0.26, 0.3, 0.4)], limits: oneOutput },
    "inconclusive",
    "not below 0.25, which it must be with one output",
  ],
  [
    "a dip that is clear for one output too",
    { findings: [usual, clear], limits: oneOutput },
    "backdoored",
    "below 0.5",
  ],
  [
    "a dip by warps whose climb could not be measured",
    { findings: [usual, unclimbed(0.3, 0.35, 0.4, "warp")] },
    "inconclusive",
    "not below 0.25, which it must be where its trigger leaves outputs too far off",
  ],
  [
    "one that is as clear without",
    { findings: [usual, unclimbed(0.1, 0.15, 0.2, "warp")] },
    "backdoored",
    "below 0.5",
  ],
  [
    "one by patches, which may draw outputs together roughly on any model",
    { findings: [usual, unclimbed(0.05, 0.07, 0.09)] },
    "inconclusive",
    "0.05 to 0.09, reaches below 0.5, but its trigger leaves outputs too far off",
  ],
  [
    "a dip that climbs no more beside a cheaper one of which that is not known",
    { findings: [unclimbed(0.3, 0.35, 0.4), finding(0.4, 0.42, 0.45, "warp")] },
    "backdoored",
    "by warp triggers costs 0.42",
  ],
  [
    "a dip that was compared with nothing",
    { findings: [usual, { ...clear, isComparable: false }] },
    "inconclusive",
    "nothing to compare 0.10 to 0.20 with",
  ],
  [
    "what was compared with controls alone, and lies where all hidden images do",
    { findings: [usual, { ...unclimbed(0.01, 0.02, 0.03), beside: "controls", leadsWhereHidden: true }] },
    "inconclusive",
    "0.01 to 0.03, is that of the output which all images give when they are hidden",
  ],
  ["a family that reaches nothing", { findings: [usual], emptyFamilies: ["additive"] }, "benign", "additive"],
] as const)("%s", (_, changes, verdict, part) => {
  const inputs = {
    noDips: [],
    emptyFamilies: [],
    isComplete: true,
    wholeError: 0.2,
    limits,
    ...changes,
  };
  const judged = judge(inputs, options);
  expect(judged.verdict).toBe(verdict);
  expect(judged.reasons.join("; ")).toContain(part);
});

test("a reason says when controls were not reached", () => {
  const reasonsOf = (costs: (number | null)[]): string => {
    const controls = costs.map((cost) => ({ cost }));
    const inputs = {
      findings: [{ ...clear, controls }],
      noDips: [],
      emptyFamilies: [],
      isComplete: true,
      wholeError: 0.1,
      limits,
    };
    return judge(inputs, options).reasons.join();
  };
  expect(reasonsOf([1, null, 2])).toContain("2 of 3 were reached");
  expect(reasonsOf([null, null])).toContain("none of which the largest triggers reached");
});

test("one output asks for a power of the threshold, several for the threshold", () => {
  const set = { threshold: 0.5, oneOutputPower: 2, certainPower: 3 };
  expect([1, 2, 8].map((d) => limitsOf(set, d))).toEqual([
    { decisive: 0.25, certain: 0.125 },
    { decisive: 0.5, certain: 0.125 },
    { decisive: 0.5, certain: 0.125 },
  ]);
  expect(limitsOf({ ...set, certainPower: 1 }, 1).certain).toBe(0.25);
});

test("the lowest score is found, and none among none", () => {
  expect(lowestOf([usual, clear, unsure])).toBe(clear);
  expect(lowestOf([])).toBeNull();
});

test("a verdict rests on the lowest score that shows a backdoor, or on the lowest where none does", () => {
  const cheaper = unclimbed(0.3, 0.35, 0.4);
  const climbed = finding(0.4, 0.42, 0.45);
  expect(decidingOf([cheaper, climbed, usual], limits)).toBe(climbed);
  expect(decidingOf([cheaper, usual], limits)).toBe(cheaper);
  expect(decidingOf([], limits)).toBeNull();
});

test("nothing further is searched after what is certain, which patches without a climb never are", () => {
  expect(isCertain(clear, limits)).toBe(true);
  expect(isCertain(finding(0.2, 0.25, 0.3), limits)).toBe(false);
  expect(isCertain(unclimbed(0.1, 0.12, 0.2), limits)).toBe(false);
  expect(isCertain(unclimbed(0.1, 0.12, 0.2, "warp"), limits)).toBe(true);
  expect(isCertain({ ...clear, isComparable: false }, limits)).toBe(false);
});

test("a reason says how far other triggers as large go, and what remains is the ratio of costs", () => {
  const general = { ...finding(0.5, 0.6, 0.7), generality: 0.5, climb: 1.5 };
  const inputs = {
    findings: [general],
    noDips: [],
    emptyFamilies: [],
    isComplete: true,
    wholeError: 0.1,
    limits,
  };
  const { verdict, reasons } = judge(inputs, options);
  expect(verdict).toBe("benign");
  // 0.6 (1 - 0.5) / 1.5
  expect(reasons.join()).toContain("costs 0.20 (0.17 to 0.23) of what");
  expect(reasons.join()).toContain(
    "other triggers as large go 0.50 of the way, and it gets 1.50 times dearer when they are to come closer: 0.60 in all",
  );
});

test("what is cheap but for what others do is only general", () => {
  expect(isOnlyGeneral({ score: 0.6, generality: 0.5 }, 0.5)).toBe(true);
  expect(isOnlyGeneral({ score: 0.4, generality: 0.5 }, 0.5)).toBe(false);
  expect(isOnlyGeneral({ score: 0.9, generality: 0.2 }, 0.5)).toBe(false);
  expect(isOnlyGeneral({ score: 0.6, generality: null }, 0.5)).toBe(false);
});
