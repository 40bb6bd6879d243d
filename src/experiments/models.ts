/** The models of experiments: each is one training, named by what it depends on. */

import { adaptiveDefaults } from "../attacks/adaptive.ts";
import type { AttackRequest, PlannedAttack } from "../attacks/plan.ts";
import type { NetworkOptions } from "../models/networks/network.ts";
import { createRandom } from "../random.ts";
import type { Profile, Task } from "./profile.ts";

/** What can be done to a model of an experiment. */
export const conditions = [
  "benign",
  "badnets",
  "input-aware",
  "clean-label",
  "wanet",
  "blend",
  "sig",
  "multi-target-wanet",
  "adaptive",
] as const;
/** One of them: an attack, none, or WaNet hidden as in Eq. 6. */
export type Condition = (typeof conditions)[number];

/** The attacks of the paper's main tables. */
export const mainConditions = ["badnets", "input-aware", "clean-label", "wanet"] as const;

/** Names for tables. */
export const conditionTitles: Readonly<Record<Condition, string>> = {
  benign: "Benign",
  badnets: "BadNets",
  "input-aware": "IA",
  "clean-label": "Clean Label",
  wanet: "WaNet",
  blend: "Blend",
  sig: "SIG",
  "multi-target-wanet": "WaNet, two targets",
  adaptive: "WaNet, adaptive",
};

/** One model. */
export interface ModelSpec {
  readonly task: Task;
  readonly condition: Condition;
  /** Of everything random: split, weights, batches, target, trigger. */
  readonly seed: number;
  /** Another network than the profile's. */
  readonly network?: NetworkChoice;
}

/** A network among those that can be trained. */
export type NetworkChoice = Pick<NetworkOptions, "architecture" | "width"> &
  Partial<Pick<NetworkOptions, "stem">>;

/** A name for messages and folders. */
export function nameOf({ task, condition, seed, network }: ModelSpec): string {
  const own = network === undefined ? "" : `-${network.architecture}-${network.width}`;
  return `${task}${own}-${condition}-${seed}`;
}

/**
 * The model that has to be there first: the benign one of the same seed, which a backdoor is put into, and for which Clean Label
 * makes its images hard.
 */
export function dependencyOf(spec: ModelSpec, { tasks }: Profile): ModelSpec | null {
  if (spec.condition === "benign") return null;
  const isNeeded = spec.condition === "clean-label" || tasks[spec.task].implanting !== null;
  return isNeeded ? { ...spec, condition: "benign" } : null;
}

/**
 * The attack on a model. Targets are drawn from the seed, each component between the middle and the ends of the labels' range, on
 * either side: near the middle a target is what a model says anyway, beyond the ends it cannot be learnt. A classifier's are any class.
 *
 * @param ranges least and most of each label
 * @param attackOptions what differs from the attacks' defaults
 */
export function attacksOf(
  { task, condition, seed }: ModelSpec,
  ranges: readonly (readonly [least: number, most: number])[],
  attackOptions: Profile["attackOptions"],
): { attacks: AttackRequest[]; adaptive: number | null } {
  if (condition === "benign") return { attacks: [], adaptive: null };
  const random = createRandom(seed).fork("target");
  const draw = (): number[] =>
    ranges.map(([least, most]) => {
      if (task === "classification") return random.integer(most);
      const half = (most - least) / 2;
      const side = random.uniform() < 0.5 ? -1 : 1;
      return (least + most) / 2 + side * half * (targetShares.least + random.uniform() * targetShares.width);
    });
  const attack = attackOf(condition)!;
  const targets = condition === "multi-target-wanet" ? [draw(), draw()] : [draw()];
  return {
    attacks: [{ attack, targets, options: attackOptions[attack] ?? {} }],
    adaptive: condition === "adaptive" ? adaptiveDefaults.weight : null,
  };
}

/** The attack that a condition stands for; null for none. */
export function attackOf(condition: Condition): PlannedAttack | null {
  if (condition === "benign") return null;
  return condition === "adaptive" ? "wanet" : condition;
}

/** Where targets lie between the middle of a label's range (0) and its end (1). */
const targetShares = { least: 0.3, width: 0.5 };
