/** From flags, variables and the config file to values: flag before variable before file before default. */
import { readFileSync } from "node:fs";
import { reasonOf } from "../data/node/file-error.ts";
import { DrmGuardError, messageOf } from "../errors.ts";
import type { Setting } from "./settings.ts";

/** The table of a command's settings, by name. */
export type SettingTable = Readonly<Record<string, Setting<unknown>>>;
/** The values of a table; null where nothing is said and there is no default. */
export type SettingValues<T extends SettingTable> = {
  readonly [K in keyof T]: T[K] extends Setting<infer V> ? V | null : never;
};

/** Where a setting came from, for `drmguard config` and for messages. */
export interface ResolvedText {
  readonly text: string;
  readonly source: string;
}

/** The config file that is read from the current folder when none is named. */
export const defaultConfigFile = "drmguard.config.json";

/** The variable of a setting: `timeBudget` is DRMGUARD_TIME_BUDGET. */
export function variableOf(name: string): string {
  return `DRMGUARD_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** The flag of a setting: `timeBudget` is --time-budget. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** What the command line gave: texts, lists of texts, or true for switches. */
export type GivenFlags = Readonly<Record<string, string | readonly string[] | boolean | undefined>>;

/**
 * Finds the text of every setting and where it came from; those that are nowhere are left out.
 *
 * @param table the settings that a command has
 * @param flags what the command line gave
 * @param environment the process's variables
 * @param file what the config file gave
 * @param fileName what to call that file
 */
export function resolveTexts(
  table: SettingTable,
  flags: GivenFlags,
  environment: Readonly<Record<string, string | undefined>>,
  file: Readonly<Record<string, string>>,
  fileName: string,
): Map<string, ResolvedText> {
  const texts = new Map<string, ResolvedText>();
  for (const [name, setting] of Object.entries(table)) {
    const flag = flags[name];
    const variable = environment[variableOf(name)];
    if (flag !== undefined) texts.set(name, { text: textOf(flag), source: flagOf(name) });
    else if (!setting.isFlagOnly && variable !== undefined && variable !== "") {
      texts.set(name, { text: variable, source: variableOf(name) });
    } else if (!setting.isFlagOnly && file[name] !== undefined) {
      texts.set(name, { text: file[name], source: `"${name}" in ${fileName}` });
    } else if (setting.fallback !== undefined) {
      texts.set(name, { text: setting.fallback, source: "default" });
    }
  }
  return texts;
}

/** Lists and objects of a config file as they would stand on the command line: `a,b` and `name=value,...`. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join(",");
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([name, each]) => `${name}=${String(each)}`)
    .join(",");
}

/**
 * Parses every setting.
 *
 * Throws E_USAGE that names where a text that does not fit came from.
 */
export function parseTexts<T extends SettingTable>(
  table: T,
  texts: ReadonlyMap<string, ResolvedText>,
): SettingValues<T> {
  const entries = Object.entries(table).map(([name, setting]) => {
    const found = texts.get(name);
    if (found === undefined) return [name, null];
    try {
      return [name, setting.parse(found.text)];
    } catch (error) {
      if (!(error instanceof DrmGuardError)) throw error;
      throw new DrmGuardError(error.code, `${found.source}: ${error.message}`, { cause: error });
    }
  });
  return Object.fromEntries(entries) as SettingValues<T>;
}

/**
 * Reads a config file: a JSON object of settings by name. Relative paths in it are taken from the current folder, as on the
 * command line.
 *
 * Throws E_CONFIG when it cannot be read, is no JSON object, or has names that no command knows.
 *
 * @param path the file; null for the default one, which may be missing
 * @param known the names that are allowed
 */
export function readConfigFile(path: string | null, known: ReadonlySet<string>): Record<string, string> {
  const name = path ?? defaultConfigFile;
  let content: string;
  try {
    content = readFileSync(name, "utf8");
  } catch (cause) {
    if (path === null && (cause as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new DrmGuardError("E_CONFIG", `cannot read the config file ${name}: ${reasonOf(cause)}`, { cause });
  }
  let parsed: unknown;
  try {
    // Editors on Windows begin a file with a byte order mark.
    parsed = JSON.parse(content.replace(/^\ufeff/, ""));
  } catch (cause) {
    throw new DrmGuardError("E_CONFIG", `${name} is not JSON: ${messageOf(cause)}`, { cause });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new DrmGuardError("E_CONFIG", `${name} holds something else than an object of settings`);
  }
  const unknown = Object.keys(parsed).filter((key) => !known.has(key) && key !== "$schema");
  if (unknown.length > 0) {
    throw new DrmGuardError(
      "E_CONFIG",
      `${name} has unknown settings: ${unknown.join(", ")}; expected some of ${[...known].sort().join(", ")}`,
    );
  }
  const entries = Object.entries(parsed).filter(([key, value]) => key !== "$schema" && value !== null);
  return Object.fromEntries(entries.map(([key, value]) => [key, textOf(value)]));
}
