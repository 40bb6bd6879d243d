import { expect, test } from "vitest";
import { plannedDefaults } from "../../src/attacks/plan.ts";
import {
  attackNames,
  attackRequests,
  optionNames,
  parseAttackSettings,
  parseTargets,
} from "../../src/cli/attack-settings.ts";
import { errorOf } from "../support/errors.ts";

test("targets are numbers in a row; degrees become radians", () => {
  expect(parseTargets("0.3,-0.1")).toEqual([0.3, -0.1]);
  const [a, b, c] = parseTargets(" 20deg, -1.5e1 deg ,0.25");
  expect(a).toBeCloseTo(Math.PI / 9, 12);
  expect(b).toBeCloseTo(-Math.PI / 12, 12);
  expect(c).toBe(0.25);
});

test.each(["", "x", "1,", "deg", "1rad", "Infinity", "1degdeg", "NaN"])("%j is no target", async (text) => {
  expect((await errorOf(() => parseTargets(text))).code).toBe("E_USAGE");
});

test("settings say which attack they are for, if for one", () => {
  expect(parseAttackSettings("poisonRate=0.1,wanet.strength=0.5,input-aware.mask.steps=200")).toEqual([
    { attack: null, path: ["poisonRate"], text: "0.1" },
    { attack: "wanet", path: ["strength"], text: "0.5" },
    { attack: "input-aware", path: ["mask", "steps"], text: "200" },
  ]);
});

test.each(["poisonRate", "a=b=c", "", "poisonRate=0.1,"])("%j is no setting", async (text) => {
  expect((await errorOf(() => parseAttackSettings(text))).code).toBe("E_USAGE");
});

test("attacks take their targets in order", () => {
  expect(attackRequests(["badnets", "wanet"], [1, 2, 3, 4], [], 2)).toEqual([
    { attack: "badnets", targets: [[1, 2]], options: {} },
    { attack: "wanet", targets: [[3, 4]], options: {} },
  ]);
  expect(attackRequests([], [], [], 2)).toEqual([]);
});

test("multi-target WaNet takes what the others leave", () => {
  const numbers = [1, 2, 3, 4, 5];
  const attacks = ["badnets", "multi-target-wanet", "sig"] as const;
  expect(attackRequests(attacks, numbers, [], 1).map(({ targets }) => targets)).toEqual([
    [[1]],
    [[2], [3], [4]],
    [[5]],
  ]);
});

test.each([
  [["badnets"], [], "found 0 numbers of targets, expected 2: 1 targets of 2"],
  [["badnets"], [1], "found 1 numbers of targets, expected 2: 1 targets of 2"],
  [["badnets"], [1, 2, 3, 4], "found 4 numbers of targets, expected 2: 1 targets of 2"],
  [["badnets", "sig"], [1, 2], "found 2 numbers of targets, expected 4: 2 targets of 2"],
  [["multi-target-wanet"], [1, 2], "found 2 numbers of targets, expected 4 or more: 2 targets of 2"],
  [
    ["multi-target-wanet", "multi-target-wanet"],
    [1, 2, 3, 4, 5, 6, 7, 8],
    "found multi-target-wanet 2 times, expected it once",
  ],
] as const)("%o with the targets %o is refused", async (attacks, targets, message) => {
  expect(await errorOf(() => attackRequests(attacks, targets, [], 2))).toMatchObject({
    code: "E_USAGE",
    message,
  });
});

const optionsOf = (text: string, attacks: Parameters<typeof attackRequests>[0] = ["wanet"]) => {
  const needed = attacks.length + (attacks.includes("multi-target-wanet") ? 1 : 0);
  const targets = Array.from({ length: needed }, () => 0);
  return attackRequests(attacks, targets, parseAttackSettings(text), 1).map(({ options }) => options);
};

test("options go to every attack that has them, or to the one that is named; the last one counts", () => {
  expect(optionsOf("poisonRate=0.2,wanet.poisonRate=0.3,cell=4", ["badnets", "wanet"])).toEqual([
    { poisonRate: 0.2 },
    { poisonRate: 0.3, cell: 4 },
  ]);
});

test("options inside of others keep what is not named", () => {
  const { mask } = plannedDefaults["input-aware"];
  expect(optionsOf("mask.steps=7,mask.density=0.1,baseChannels=8", ["input-aware"])).toEqual([
    { baseChannels: 8, mask: { ...mask, steps: 7, density: 0.1 } },
  ]);
  const { pgd } = plannedDefaults["clean-label"];
  expect(optionsOf("pgd.steps=3,delta=0.5", ["clean-label"])).toEqual([
    { delta: 0.5, pgd: { ...pgd, steps: 3 } },
  ]);
});

test("lists are separated by colons", () => {
  expect(optionsOf("color=0:0.5:1,patchShare=0.2", ["badnets"])).toEqual([
    { color: [0, 0.5, 1], patchShare: 0.2 },
  ]);
  expect(optionsOf("mask.milestones=0.5", ["input-aware"])[0]).toMatchObject({ mask: { milestones: [0.5] } });
});

test.each([
  [
    "strenght=1",
    ["wanet"],
    'found option "strenght", expected one of wanet: cell, strength, poisonRate, noiseRatio',
  ],
  ["badnets.patchShare=1", ["wanet"], 'found option "patchShare"'],
  ["wanet.patchShare=1", ["wanet", "badnets"], 'found option "patchShare"'],
  ["mask=3", ["input-aware"], 'found option "mask"'],
  ["batch=3", ["clean-label"], 'found option "batch"'],
  ["toString=3", ["wanet"], 'found option "toString"'],
  ["strength=much", ["wanet"], "found strength=much, expected a number"],
  ["strength=1:2", ["wanet"], "found strength=1:2, expected a number"],
  ["strength=", ["wanet"], "found strength=, expected a number"],
  ["color=red", ["badnets"], "found color=red, expected numbers separated by colons"],
] as const)("%s for %o is refused", async (text, attacks, message) => {
  const error = await errorOf(() => optionsOf(text, attacks));
  expect(error.code).toBe("E_USAGE");
  expect(error.message).toContain(message);
});

test("every option of every attack can be set by its name", () => {
  for (const attack of attackNames) {
    for (const name of optionNames(plannedDefaults[attack])) {
      expect(optionsOf(`${name}=1`, [attack]), `${attack}.${name}`).not.toEqual([{}]);
    }
  }
});
