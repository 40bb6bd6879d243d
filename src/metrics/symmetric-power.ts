/** Powers of symmetric matrices, such as a covariance's square root. */

/** A rotation below this part of the matrix changes nothing in a double. */
const smallest = 1e-15;
/** Jacobi's method squares the rest in each sweep; a dozen is more than any matrix takes. */
const sweeps = 30;

/**
 * A^p = V diag(w^p) V^T of a symmetric matrix A = V diag(w) V^T with eigenvalues above 0, by Jacobi's rotations.
 *
 * Source: Golub and Van Loan, "Matrix Computations", section 8.5.
 *
 * @param matrix [d][d]
 * @param least eigenvalues below it are raised to it
 */
export function symmetricPower(matrix: readonly (readonly number[])[], power: number, least = 0): number[][] {
  const a = matrix.map((row) => [...row]);
  const v = a.map((_, i) => a.map((__, j) => (i === j ? 1 : 0)));
  const scale = Math.hypot(...a.flat());
  for (let sweep = 0; sweep < sweeps; sweep++) {
    let rest = 0;
    for (let p = 0; p < a.length; p++) {
      for (let q = p + 1; q < a.length; q++) {
        rest = Math.max(rest, Math.abs(a[p]![q]!));
        if (Math.abs(a[p]![q]!) > smallest * scale) rotate(a, v, p, q);
      }
    }
    if (rest <= smallest * scale) break;
  }
  const values = a.map((row, i) => Math.max(row[i]!, least) ** power);
  return v.map((row) => v.map((other) => values.reduce((total, w, k) => total + row[k]! * w * other[k]!, 0)));
}

/** Turns the plane of two axes so that their off-diagonal number becomes 0. */
function rotate(a: number[][], v: number[][], p: number, q: number): void {
  const theta = (a[q]![q]! - a[p]![p]!) / (2 * a[p]![q]!);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  const turn = (row: number[]): void => {
    [row[p], row[q]] = [c * row[p]! - s * row[q]!, s * row[p]! + c * row[q]!];
  };
  a.forEach(turn);
  v.forEach(turn);
  [a[p], a[q]] = [
    a[p]!.map((value, k) => c * value - s * a[q]![k]!),
    a[q]!.map((value, k) => s * a[p]![k]! + c * value),
  ];
}
