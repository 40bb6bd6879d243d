/** Options of methods as text: `name=value,...`, on the command line and on the page. */
import { DrmGuardError } from "../errors.ts";
import {
  type ChangesByMethod,
  type MethodChanges,
  type MethodName,
  type MethodOptions,
  methodNames,
  methodOptions,
  prepareMethod,
} from "../identification/methods.ts";
import { type MitigationChanges, type MitigationName, mitigationOptions } from "../mitigation/methods.ts";

/** Names and values as they were given, before it is known which method they are for. */
export type MethodSettings = readonly (readonly [name: string, value: string])[];

/**
 * Reads options of a method. Throws E_USAGE for what is no `name=value`.
 *
 * @param text `name=value` pairs, separated by commas; lists as `families=patch:warp`
 */
export function parseMethodSettings(text: string): MethodSettings {
  return text.split(",").map((part) => {
    const pair = part.trim();
    const [name, value, ...rest] = pair.split("=") as [string, ...string[]];
    if (value === undefined || rest.length > 0) {
      throw new DrmGuardError("E_USAGE", `found "${pair}", expected name=value`);
    }
    return [name, value];
  });
}

/**
 * The options of an identification method from what was given.
 *
 * Throws E_USAGE for names that are no options of it and values of another type.
 */
export function methodChanges(method: MethodName, settings: MethodSettings): MethodChanges {
  return changesOf(methodOptions[method], settings) as MethodChanges;
}

/** No option's range depends on what is scanned. */
const anySubject = { dimension: 2, pixels: 1 };

/**
 * Options of several identification methods from what was given, each under `method.option`.
 *
 * Throws E_USAGE for names without a method or with one that there is not, and for values out of their range: models may be trained before the
 * first scan, which would be late to say so. Throws what {@link methodChanges} throws.
 *
 * @param settings such as `paper.batch` with `25`
 */
export function changesByMethod(settings: MethodSettings): ChangesByMethod {
  const changes: { [M in MethodName]?: MethodChanges } = {};
  for (const [name, value] of settings) {
    const [first, ...rest] = name.split(".") as [string, ...string[]];
    const method = methodNames.find((each) => each === first);
    if (method === undefined || rest.length === 0) {
      throw new DrmGuardError(
        "E_USAGE",
        `found option "${name}", expected a method before it: ${methodNames.map((each) => `${each}.NAME`).join(", ")}`,
      );
    }
    changes[method] = { ...changes[method], ...methodChanges(method, [[rest.join("."), value]]) };
    prepareMethod(method, "auto", anySubject, changes[method]);
  }
  return changes;
}

/**
 * The options of a mitigation from what was given.
 *
 * Throws E_USAGE for names that are no options of it and for what is no number.
 */
export function mitigationChanges(method: MitigationName, settings: MethodSettings): MitigationChanges {
  return changesOf({ defaults: mitigationOptions[method], choices: {} }, settings) as MitigationChanges;
}

function changesOf({ defaults, choices }: MethodOptions, settings: MethodSettings): Record<string, unknown> {
  const usual = defaults as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    settings.map(([name, value]) => {
      if (!Object.hasOwn(usual, name)) {
        throw new DrmGuardError(
          "E_USAGE",
          `found option "${name}", expected one of ${Object.keys(usual).sort().join(", ")}`,
        );
      }
      if (Array.isArray(usual[name])) return [name, value.split(":").map((word) => word.trim())];
      if (Object.hasOwn(choices, name)) return [name, value];
      const number = value.trim() === "" ? Number.NaN : Number(value);
      if (!Number.isFinite(number)) {
        throw new DrmGuardError("E_USAGE", `found ${name}=${value}, expected a number`);
      }
      return [name, number];
    }),
  );
}
