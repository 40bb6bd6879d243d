/** Settings: one table for flags, variables and the config file. */
import { DrmGuardError } from "../errors.ts";

/** How a setting is given and read. `T` is what it becomes. */
export interface Setting<T> {
  /** As on the command line, such as `--time-budget <duration>`. */
  readonly flags: string;
  readonly help: string;
  /** From text to value; throws E_USAGE that says what was expected. */
  readonly parse: (text: string) => T;
  /** Its text when nothing is said; undefined for none. */
  readonly fallback?: string;
  /** Whether it may be given several times; the texts are joined by commas. */
  readonly isRepeatable?: true;
  /** Whether it takes no value on the command line. */
  readonly isSwitch?: true;
  /** Whether it is left out of the config file and of variables. */
  readonly isFlagOnly?: true;
}

const expected = (what: string, found: string): DrmGuardError =>
  new DrmGuardError("E_USAGE", `found "${found}", expected ${what}`);

/** Any text but none. */
export function parseText(text: string): string {
  if (text.trim() === "") throw expected("some text", text);
  return text;
}

/** One of some words. */
export function parseChoice<const C extends string>(...choices: readonly C[]): (text: string) => C {
  return (text) => {
    const found = choices.find((choice) => choice === text.toLowerCase());
    if (found === undefined) throw expected(`one of ${choices.join(", ")}`, text);
    return found;
  };
}

/** Several of some words, separated by commas. */
export function parseChoices<const C extends string>(...choices: readonly C[]): (text: string) => C[] {
  const parse = parseChoice(...choices);
  return (text) => [...new Set(parseList(text).map(parse))];
}

/** Words separated by commas. */
export function parseList(text: string): string[] {
  return text.split(",").map((part) => parseText(part.trim()));
}

/** A whole number in a range. */
export function parseInteger(
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw expected(`a whole number ${range}`, text);
  };
}

/** A finite number; with `isPositive` above 0. */
export function parseNumber(isPositive: boolean): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (Number.isFinite(value) && (!isPositive || value > 0)) return value;
    throw expected(isPositive ? "a positive number" : "a number", text);
  };
}

/** Numbers separated by commas: one for all channels or one for each. */
export function parseNumbers(isPositive: boolean): (text: string) => number[] {
  const parse = parseNumber(isPositive);
  return (text) => parseList(text).map(parse);
}

/** `true` or `false`. */
export function parseSwitch(text: string): boolean {
  return parseChoice("true", "false")(text) === "true";
}

/** `HxW` or one number for both, in pixels. */
export function parseSize(text: string): [height: number, width: number] {
  const match = /^(\d+)(?:\s*[x×]\s*(\d+))?$/i.exec(text.trim());
  const height = Number(match?.[1]);
  const width = Number(match?.[2] ?? match?.[1]);
  // Enough digits make infinity.
  const isSize = (side: number): boolean => Number.isSafeInteger(side) && side > 0;
  if (isSize(height) && isSize(width)) return [height, width];
  throw expected("a size in pixels such as 224 or 224x160 (height x width)", text);
}

/** A part of something that is not negative: `10%` or `10`, which becomes 0.1. */
export function parsePercent(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*%?$/.exec(text.trim());
  const percent = Number(match?.[1]);
  if (Number.isFinite(percent)) return percent / 100;
  throw expected("a percentage such as 10%", text);
}

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Seconds: `90`, `90s`, `15m` or `2h`. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([smh]?)$/.exec(text.trim());
  const seconds = Number(match?.[1]) * secondsOf[match?.[2] || "s"]!;
  if (seconds > 0 && Number.isFinite(seconds)) return seconds;
  throw expected("a time such as 90s, 15m or 2h", text);
}

const bytesOf: Readonly<Record<string, number>> = { KB: 1e3, MB: 1e6, GB: 1e9 };

/** Bytes: `4GB` or `800MB`. */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(KB|MB|GB)$/i.exec(text.trim());
  const bytes = Math.floor(Number(match?.[1]) * bytesOf[(match?.[2] ?? "").toUpperCase()]!);
  if (bytes > 0 && Number.isSafeInteger(bytes)) return bytes;
  throw expected("an amount of memory such as 4GB or 800MB", text);
}
