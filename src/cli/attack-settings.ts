/** Attacks on the command line: `--attack`, `--target`, `--attack-set name=value`. */
import { type AttackRequest, type PlannedAttack, plannedDefaults } from "../attacks/plan.ts";
import { DrmGuardError } from "../errors.ts";
import { parseList } from "./settings.ts";

/** The names of the attacks. */
export const attackNames = Object.keys(plannedDefaults) as PlannedAttack[];

/** Attacks that take several targets. */
const many: PlannedAttack = "multi-target-wanet";

/**
 * Reads numbers of targets; `deg` after one turns it from degrees into the radians that labels are in.
 *
 * Throws E_USAGE for anything else.
 *
 * @param text such as `0.3,-0.1` or `20deg,-5deg`
 */
export function parseTargets(text: string): number[] {
  return parseList(text).map((part) => {
    const match = /^(.*?)\s*(deg)?$/.exec(part)!;
    const value = match[1] === "" ? Number.NaN : Number(match[1]);
    if (!Number.isFinite(value)) {
      throw new DrmGuardError("E_USAGE", `found "${part}", expected a number such as 0.3 or 20deg`);
    }
    return match[2] === undefined ? value : (value * Math.PI) / 180;
  });
}

/** An option of an attack, before it is known whether the attack has it. */
export interface AttackSetting {
  /** The attack that it is for; null for every one that has it. */
  readonly attack: PlannedAttack | null;
  readonly path: readonly string[];
  readonly text: string;
}

/**
 * Reads options of attacks. Throws E_USAGE for what is no `name=value`.
 *
 * @param text `poisonRate=0.1,wanet.strength=0.5,input-aware.mask.steps=200`
 */
export function parseAttackSettings(text: string): AttackSetting[] {
  return parseList(text).map((pair) => {
    const [name, value, ...rest] = pair.split("=");
    if (name === undefined || value === undefined || rest.length > 0) {
      throw new DrmGuardError("E_USAGE", `found "${pair}", expected name=value`);
    }
    const path = name.split(".");
    const attack = attackNames.find((each) => each === path[0]) ?? null;
    return { attack, path: attack === null ? path : path.slice(1), text: value };
  });
}

/**
 * Puts attacks together with their targets and options.
 *
 * Throws E_USAGE when there are too few or too many numbers for the targets, and for options that no attack has or that are
 * of another kind.
 *
 * @param attacks in the order in which they take their targets
 * @param targets the numbers of all targets in a row
 * @param dimension d, numbers in a target
 */
export function attackRequests(
  attacks: readonly PlannedAttack[],
  targets: readonly number[],
  settings: readonly AttackSetting[],
  dimension: number,
): AttackRequest[] {
  const several = attacks.filter((attack) => attack === many).length;
  if (several > 1) throw new DrmGuardError("E_USAGE", `found ${many} ${several} times, expected it once`);
  const least = attacks.length + several;
  const count = targets.length / dimension;
  if (!Number.isInteger(count) || count < least || (several === 0 && count > least)) {
    throw new DrmGuardError(
      "E_USAGE",
      `found ${targets.length} numbers of targets, expected ${least * dimension}${several > 0 ? " or more" : ""}: ${least} targets of ${dimension}`,
    );
  }
  const rows = Array.from({ length: count }, (_, i) => targets.slice(i * dimension, (i + 1) * dimension));
  let next = 0;
  const requests = attacks.map((attack): AttackRequest => {
    const length = attack === many ? count - (attacks.length - 1) : 1;
    const own = rows.slice(next, next + length);
    next += length;
    return { attack, targets: own, options: optionsOf(attack, settings) };
  });
  const unused = settings.find(
    ({ attack, path }) =>
      !attacks.some((each) => (attack ?? each) === each && has(plannedDefaults[each], path)),
  );
  if (unused === undefined) return requests;
  const known = attacks.map((attack) => `${attack}: ${optionNames(plannedDefaults[attack]).join(", ")}`);
  throw new DrmGuardError(
    "E_USAGE",
    `found option "${unused.path.join(".")}", expected one of ${known.join("; ") || "no attack's, since there is none"}`,
  );
}

type Options = Readonly<Record<string, unknown>>;
const isOptions = (value: unknown): value is Options =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The names of all options, those inside of others with a dot. */
export function optionNames(options: object): string[] {
  return Object.entries(options).flatMap(([name, value]) =>
    isOptions(value) ? optionNames(value).map((inner) => `${name}.${inner}`) : [name],
  );
}

function has(options: object, path: readonly string[]): boolean {
  return optionNames(options).includes(path.join("."));
}

function optionsOf(attack: PlannedAttack, settings: readonly AttackSetting[]): AttackRequest["options"] {
  const defaults = plannedDefaults[attack] as unknown as Options;
  let changed: Options = {};
  for (const { attack: wanted, path, text } of settings) {
    if ((wanted ?? attack) !== attack || !has(defaults, path)) continue;
    changed = withValue(changed, defaults, path, text);
  }
  return changed as AttackRequest["options"];
}

/** Options that stand inside of others are given whole, since those that are left out there have no defaults of their own. */
function withValue(options: Options, defaults: Options, path: readonly string[], text: string): Options {
  const [name, ...rest] = path as [string, ...string[]];
  if (rest.length === 0) return { ...options, [name]: valueFrom(name, defaults[name], text) };
  const inner = defaults[name] as Options;
  return { ...options, [name]: withValue({ ...inner, ...(options[name] as Options) }, inner, rest, text) };
}

/** Numbers stay numbers; what is a list or nothing by default takes `0.1:0.2:...`. */
function valueFrom(name: string, before: unknown, text: string): unknown {
  const numbers = text.split(":").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const isList = Array.isArray(before) || (before === null && name !== "delta");
  if (numbers.every(Number.isFinite) && (isList || numbers.length === 1))
    return isList ? numbers : numbers[0];
  throw new DrmGuardError(
    "E_USAGE",
    `found ${name}=${text}, expected ${isList ? "numbers separated by colons" : "a number"}`,
  );
}
