/** Mean absolute differences. */

/**
 * The mean absolute difference of each column.
 *
 * @param found [N, d]
 * @param expected [N, d]
 * @param width d
 * @returns d numbers, in the unit of the columns
 */
export function meanAbsoluteErrors(found: Float32Array, expected: Float32Array, width: number): number[] {
  const totals = new Array<number>(width).fill(0);
  found.forEach((value, i) => {
    totals[i % width]! += Math.abs(value - expected[i]!);
  });
  return totals.map((total) => (total * width) / found.length);
}
