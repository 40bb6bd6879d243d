/** What is resumed has to be of the same training. */
import { DrmGuardError } from "../errors.ts";

/**
 * Gives saved arrays back when they have the names and lengths of a state. Throws E_RESUME when they have not.
 *
 * @param lengths of the vectors of the state, by their names
 */
export function assertSavedState<Name extends string>(
  arrays: Readonly<Record<string, Float32Array>>,
  lengths: Readonly<Record<Name, number>>,
): Readonly<Record<Name, Float32Array>> {
  const text = (entries: [string, number][]): string =>
    entries
      .map(([name, n]) => `${name} of ${n}`)
      .sort()
      .join(", ");
  const found = text(Object.entries(arrays).map(([name, { length }]) => [name, length]));
  const expected = text(Object.entries(lengths));
  if (found === expected) return arrays as Readonly<Record<Name, Float32Array>>;
  throw new DrmGuardError("E_RESUME", `the saved training has ${found}; expected ${expected}`, {
    hint: "it is of another network or optimiser: train from the start",
  });
}
