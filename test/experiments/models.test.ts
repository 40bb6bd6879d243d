import { join } from "node:path";
import { expect, test } from "vitest";
import {
  attacksOf,
  conditions,
  conditionTitles,
  dependencyOf,
  type ModelSpec,
  mainConditions,
  nameOf,
} from "../../src/experiments/models.ts";
import { profiles } from "../../src/experiments/profile.ts";
import { folderOf } from "../../src/experiments/run-folders.ts";

const ranges = [
  [-1, 1],
  [0, 4],
] as const;
const spec = (condition: ModelSpec["condition"], seed = 1): ModelSpec => ({ task: "gaze", condition, seed });
const attacks = (condition: ModelSpec["condition"], seed = 1) =>
  attacksOf(spec(condition, seed), ranges, { "input-aware": { baseChannels: 8 } });

test("a benign model has no attack, every other one of its name; the adaptive one is WaNet that hides", () => {
  expect(attacks("benign")).toEqual({ attacks: [], adaptive: null });
  for (const condition of conditions.filter((each) => each !== "benign" && each !== "adaptive")) {
    const {
      attacks: [attack],
      adaptive,
    } = attacks(condition);
    expect([attack!.attack, adaptive]).toEqual([condition, null]);
    expect(attack!.options).toEqual(condition === "input-aware" ? { baseChannels: 8 } : {});
    expect(attack!.targets).toHaveLength(condition === "multi-target-wanet" ? 2 : 1);
  }
  const hidden = attacks("adaptive");
  expect(hidden.attacks[0]!.attack).toBe("wanet");
  expect(hidden.adaptive).toBe(0.02);
});

test("targets lie between the middle and the ends of the labels, on both sides, and come from the seed alone", () => {
  const all = Array.from({ length: 100 }, (_, seed) => attacks("badnets", seed).attacks[0]!.targets[0]!);
  ranges.forEach(([least, most], j) => {
    const places = all.map((target) => (2 * (target[j]! - least)) / (most - least) - 1);
    expect(Math.min(...places.map(Math.abs))).toBeGreaterThanOrEqual(0.3);
    expect(Math.max(...places.map(Math.abs))).toBeLessThanOrEqual(0.8);
    const above = places.filter((place) => place > 0).length;
    expect(above).toBeGreaterThan(30);
    expect(above).toBeLessThan(70);
  });
  expect(attacks("wanet", 7).attacks[0]!.targets).toEqual(attacks("badnets", 7).attacks[0]!.targets);
  const [first, second] = attacks("multi-target-wanet").attacks[0]!.targets;
  expect(first).not.toEqual(second);
});

test("clean-label needs the benign model of its task and seed, and all attacks do where they are put into one", () => {
  expect(dependencyOf(spec("clean-label", 3), profiles.paper)).toEqual(spec("benign", 3));
  for (const condition of conditions) {
    const needed = condition === "benign" ? null : spec("benign");
    expect(dependencyOf(spec(condition), profiles.desk)).toEqual(needed);
    if (condition !== "clean-label") expect(dependencyOf(spec(condition), profiles.paper)).toBeNull();
  }
});

test("every condition has a title, and every model a name of its own", () => {
  expect(Object.keys(conditionTitles).sort()).toEqual([...conditions].sort());
  expect(conditions).toEqual(expect.arrayContaining([...mainConditions]));
  expect(nameOf({ task: "head-pose", condition: "clean-label", seed: 2 })).toBe("head-pose-clean-label-2");
  const network = { architecture: "resnet34", width: 0.5 } as const;
  expect(nameOf({ task: "gaze", condition: "wanet", seed: 2, network })).toBe("gaze-resnet34-0.5-wanet-2");
});

// Trained models are found again by these names: a fleet takes hours.
test.each([
  ["gaze", "benign", "03b6ec78"],
  ["gaze", "badnets", "a73f1390"],
  ["head-pose", "benign", "1bea9bd5"],
  ["head-pose", "badnets", "6fe6ae0c"],
  ["head-pose", "input-aware", "60157dc3"],
  ["head-pose", "clean-label", "1460e7aa"],
] as const)(
  "the folder of the desk profile's %s %s model is still called as it was",
  (task, condition, hash) => {
    const data = {
      gaze: "cache/heads/gaze-64px-seed1",
      "head-pose": "cache/heads/head-pose-64px-seed1",
    };
    expect(folderOf({ task, condition, seed: 1 }, { profile: profiles.desk, data, folder: "exp" })).toBe(
      join("exp", "models", `${task}-${condition}-1-${hash}`),
    );
  },
);

test("another network is another folder, and its backdoor begins with its own benign model", () => {
  const network = { architecture: "mobilenetv1", width: 0.25 } as const;
  const options = { profile: profiles.desk, data: { gaze: "x" }, folder: "exp" };
  const of = (changes: Partial<ModelSpec>): string => folderOf({ ...spec("wanet"), ...changes }, options);
  expect(new Set([of({}), of({ network }), of({ network: { ...network, width: 0.5 } })]).size).toBe(3);
  expect(dependencyOf({ ...spec("wanet"), network }, profiles.desk)).toEqual({ ...spec("benign"), network });
});
