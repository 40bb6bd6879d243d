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

/**
 * The mean of each column.
 *
 * @param values [N, d]
 * @param width d
 */
export function columnMeans(values: Float32Array, width: number): number[] {
  const totals = new Array<number>(width).fill(0);
  values.forEach((value, i) => {
    totals[i % width]! += value;
  });
  return totals.map((total) => (total * width) / values.length);
}
