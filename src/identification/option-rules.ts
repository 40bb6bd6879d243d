/** What a method's options must be. */
import { DrmGuardError } from "../errors.ts";

/** What a number must be. */
export interface NumberRule {
  readonly isWhole?: boolean;
  readonly least: number;
  readonly most?: number;
}

/**
 * Throws E_USAGE for a number that is out of its range, and for one that is not whole and must be.
 *
 * @param options all of a method's options
 * @param rules of those that are numbers
 */
export function assertNumbers<Name extends string>(
  options: Readonly<Record<Name, number>>,
  rules: Readonly<Record<Name, NumberRule>>,
): void {
  for (const [name, { isWhole, least, most = Number.POSITIVE_INFINITY }] of Object.entries<NumberRule>(
    rules,
  )) {
    const found = options[name as Name];
    if (found >= least && found <= most && (!isWhole || Number.isInteger(found))) continue;
    const range = Number.isFinite(most) ? `from ${least} to ${most}` : `of at least ${least}`;
    throw new DrmGuardError(
      "E_USAGE",
      `found ${name} = ${found}, expected a ${isWhole ? "whole " : ""}number ${range}`,
    );
  }
}

/**
 * Throws E_USAGE for a word that an option does not take.
 *
 * @param options all of a method's options
 * @param choices the words that each takes, for those that are no numbers
 */
export function assertChoices(
  options: Readonly<Record<string, unknown>>,
  choices: Readonly<Record<string, readonly string[]>>,
): void {
  for (const [name, words] of Object.entries(choices)) {
    const found = options[name];
    if (!(words as readonly unknown[]).includes(found)) {
      throw new DrmGuardError("E_USAGE", `found ${name} = ${found}, expected one of ${words.join(", ")}`);
    }
  }
}
