/** Parts of a data set: to train on, to choose by, to report on. */
import { DrmGuardError } from "../errors.ts";
import type { Random } from "../random.ts";

/** Indices of samples, each in one part; ascending. */
export interface Split {
  readonly train: readonly number[];
  readonly validation: readonly number[];
  readonly test: readonly number[];
}

/** Shares of validation and test; the rest is for training. */
export interface SplitShares {
  readonly validation: number;
  readonly test: number;
}

/** How samples come into parts: image by image, or subject by subject. */
export type SplitBy = "image" | "subject";

/**
 * Splits samples in the way that is asked for. Throws what {@link splitAtRandom} and {@link splitBySubject} throw.
 *
 * @param subjects who is in each sample
 */
export function splitSamples(
  by: SplitBy,
  subjects: readonly (string | null)[],
  random: Random,
  shares?: SplitShares,
): Split {
  return by === "subject"
    ? splitBySubject(subjects, random, shares)
    : splitAtRandom(subjects.length, random, shares);
}

/** The paper's: 80 % to train, 10 % to validate, 10 % to test. */
export const paperShares: SplitShares = { validation: 0.1, test: 0.1 };

/**
 * Splits samples at random, without regard to who is in them, as the paper does. Images of one person are then in all three
 * parts, so errors look smaller than they are on strangers.
 *
 * Throws E_USAGE when the shares leave nothing to train on.
 *
 * @param count how many samples there are
 * @param random where chance comes from
 * @param shares parts of 1
 */
export function splitAtRandom(count: number, random: Random, shares: SplitShares = paperShares): Split {
  assertShares(shares);
  const order = random.permutation(count);
  const validation = Math.round(count * shares.validation);
  const test = Math.round(count * shares.test);
  return {
    validation: order.slice(0, validation).sort(ascending),
    test: order.slice(validation, validation + test).sort(ascending),
    train: order.slice(validation + test).sort(ascending),
  };
}

/**
 * Splits by subject at random: nobody is in two parts. Each part has at least one subject.
 *
 * Throws E_LABELS when a sample has no subject or there are fewer than three, E_USAGE when the shares leave nothing to train on.
 *
 * @param subjects who is in each sample
 * @param random where chance comes from
 * @param shares parts of the number of subjects
 */
export function splitBySubject(
  subjects: readonly (string | null)[],
  random: Random,
  shares: SplitShares = paperShares,
): Split {
  assertShares(shares);
  const known = [...new Set(subjects)].sort();
  if (known.includes(null))
    throw new DrmGuardError("E_LABELS", "found samples without a subject, expected one for each");
  if (known.length < 3) {
    throw new DrmGuardError(
      "E_LABELS",
      `found ${known.length} subject${known.length === 1 ? "" : "s"}, expected at least 3 for three parts`,
    );
  }
  const order = random.permutation(known.length).map((i) => known[i]!);
  const spare = known.length - 2;
  const validation = Math.min(Math.max(1, Math.round(known.length * shares.validation)), spare);
  const test = Math.min(Math.max(1, Math.round(known.length * shares.test)), spare + 1 - validation);
  return splitByNames(subjects, {
    validation: order.slice(0, validation),
    test: order.slice(validation, validation + test),
  });
}

/**
 * Splits by subject, with the subjects of validation and test named, as leave-one-out protocols do.
 *
 * Throws E_USAGE when a name is not among the subjects or is named for both parts.
 *
 * @param subjects who is in each sample
 * @param named the subjects of two parts; all others are for training
 */
export function splitByNames(
  subjects: readonly (string | null)[],
  named: { readonly validation: readonly string[]; readonly test: readonly string[] },
): Split {
  const known = new Set(subjects);
  const stranger = [...named.validation, ...named.test].find((name) => !known.has(name));
  if (stranger !== undefined) {
    const some = [...known].slice(0, 5).join(", ");
    throw new DrmGuardError("E_USAGE", `found no subject "${stranger}", expected some of ${some} ...`);
  }
  const both = named.validation.find((name) => named.test.includes(name));
  if (both !== undefined)
    throw new DrmGuardError("E_USAGE", `found subject "${both}" in validation and test, expected it in one`);
  const split: Record<keyof Split, number[]> = { train: [], validation: [], test: [] };
  const partOf = new Map<string | null, keyof Split>([
    ...named.validation.map((name) => [name, "validation"] as const),
    ...named.test.map((name) => [name, "test"] as const),
  ]);
  subjects.forEach((subject, i) => {
    split[partOf.get(subject) ?? "train"].push(i);
  });
  return split;
}

const ascending = (a: number, b: number): number => a - b;

function assertShares({ validation, test }: SplitShares): void {
  if (validation >= 0 && test >= 0 && validation + test < 1) return;
  throw new DrmGuardError(
    "E_USAGE",
    `found shares of ${validation} and ${test}, expected two of at least 0 that sum to less than 1`,
  );
}
