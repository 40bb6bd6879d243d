/** Options of the paper's method on the command line: `--set name=value,...`. */
import { DrmGuardError } from "../errors.ts";
import { type PaperOptions, paperChoices, paperPresets } from "../identification/paper/options.ts";
import { parseList } from "./settings.ts";

const names = Object.keys(paperPresets.gaze) as (keyof PaperOptions)[];

/**
 * Reads options of the method.
 *
 * Throws E_USAGE for names that are no options and values of another type.
 *
 * @param text `name=value` pairs, separated by commas
 */
export function parsePaperOptions(text: string): Partial<PaperOptions> {
  return Object.fromEntries(
    parseList(text).map((pair) => {
      const [name, value, ...rest] = pair.split("=") as [string, ...string[]];
      if (value === undefined || rest.length > 0) {
        throw new DrmGuardError("E_USAGE", `found "${pair}", expected name=value`);
      }
      if (!names.includes(name as keyof PaperOptions)) {
        throw new DrmGuardError(
          "E_USAGE",
          `found option "${name}", expected one of ${[...names].sort().join(", ")}`,
        );
      }
      if (name in paperChoices) return [name, value];
      const number = value.trim() === "" ? Number.NaN : Number(value);
      if (!Number.isFinite(number)) {
        throw new DrmGuardError("E_USAGE", `found ${name}=${value}, expected a number`);
      }
      return [name, number];
    }),
  );
}
