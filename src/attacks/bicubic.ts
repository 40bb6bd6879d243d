/** Small maps made large: Keys' cubic convolution with a = -0.75 and aligned corners, as PyTorch interpolates. */

const a = -0.75;

/** Keys' kernel at a distance t from a point. */
function kernel(t: number): number {
  const d = Math.abs(t);
  if (d <= 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
  if (d < 2) return a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a;
  return 0;
}

/** The four places around each output, and their weights; places beyond the ends count as the ends. */
function taps(from: number, to: number): { places: number[]; weights: number[] }[] {
  const scale = to > 1 ? (from - 1) / (to - 1) : 0;
  return Array.from({ length: to }, (_, i) => {
    const at = i * scale;
    const first = Math.floor(at) - 1;
    const all = [first, first + 1, first + 2, first + 3];
    return {
      places: all.map((place) => Math.min(from - 1, Math.max(0, place))),
      weights: all.map((place) => kernel(at - place)),
    };
  });
}

/**
 * A square map of k x k numbers at a larger size.
 *
 * @param map [k, k], row-major
 * @param k its side
 * @returns [height, width], row-major
 */
export function enlarge(map: Float32Array, k: number, height: number, width: number): Float64Array {
  const [rows, columns] = [taps(k, height), taps(k, width)];
  return Float64Array.from({ length: height * width }, (_, i) => {
    const row = rows[Math.floor(i / width)]!;
    const column = columns[i % width]!;
    let total = 0;
    row.places.forEach((y, p) => {
      column.places.forEach((x, q) => {
        total += row.weights[p]! * column.weights[q]! * map[y * k + x]!;
      });
    });
    return total;
  });
}
