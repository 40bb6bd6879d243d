/** What is reported of repeated measurements. */

/** The spread of repeated measurements. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
  readonly rounds: number;
}

/** The smallest, the middle and the largest of some numbers. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { min: sorted[0]!, median, max: sorted.at(-1)!, rounds: sorted.length };
}

/** How far two arrays are apart, in units of the largest element of the second. */
export interface Difference {
  readonly median: number;
  readonly largest: number;
}

/** Compares two arrays element by element. */
export function differenceOf(found: Float32Array, expected: Float32Array): Difference {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const sorted = found.map((value, i) => Math.abs(value - expected[i]!) / largest).sort();
  return { median: sorted[sorted.length >> 1]!, largest: sorted.at(-1)! };
}
