/** Statistics over the columns of a row-major array. */

/** The mean of each column of [rows, columns]. */
export function columnMeans(values: Float32Array, columns: number): number[] {
  const sums = new Array<number>(columns).fill(0);
  values.forEach((value, i) => {
    sums[i % columns]! += value;
  });
  return sums.map((total) => (total * columns) / values.length);
}

/** The population variance of each column of [rows, columns] (divides by the number of rows). */
export function columnVariances(values: Float32Array, columns: number): number[] {
  const means = columnMeans(values, columns);
  const sums = new Array<number>(columns).fill(0);
  values.forEach((value, i) => {
    sums[i % columns]! += (value - means[i % columns]!) ** 2;
  });
  return sums.map((total) => (total * columns) / values.length);
}

/** The mean over columns of var(a) / var(b): r_f of Eq. 5 on arrays. */
export function meanVarianceRatio(a: Float32Array, b: Float32Array, columns: number): number {
  const [above, below] = [columnVariances(a, columns), columnVariances(b, columns)];
  return above.reduce((total, value, j) => total + value / (below[j]! + 1e-12), 0) / columns;
}

/** The sum over columns of var(a) over that of var(b): for columns of one unit, of which some may not vary in b. */
export function totalVarianceRatio(a: Float32Array, b: Float32Array, columns: number): number {
  const total = (values: Float32Array): number =>
    columnVariances(values, columns).reduce((sum, value) => sum + value, 0);
  return total(a) / (total(b) + 1e-12);
}

/**
 * How far rows are from a point, in units of each column: mean_ij |v_ij - t_j| / s_j.
 *
 * @param values [rows, columns]
 * @param target t, [columns]
 * @param units s, [columns]
 */
export function meanScaledDistance(
  values: Float32Array,
  target: readonly number[],
  units: readonly number[],
): number {
  const columns = target.length;
  const total = values.reduce(
    (sum, value, i) => sum + Math.abs(value - target[i % columns]!) / units[i % columns]!,
    0,
  );
  return total / values.length;
}

/** The value below which a percentage of values lie, by linear interpolation; 100 gives the largest. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = ((sorted.length - 1) * percent) / 100;
  const below = sorted[Math.floor(place)]!;
  return below + (sorted[Math.ceil(place)]! - below) * (place - Math.floor(place));
}
