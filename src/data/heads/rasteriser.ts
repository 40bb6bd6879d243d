/** Which samples of an image lie in which triangle. */

/**
 * Is told of every sample in a triangle: its index, the triangle's, the weights of the triangle's second and third corner (in space, not
 * in the image), and the interpolated third coordinate.
 */
export type Visit = (sample: number, triangle: number, second: number, third: number, depth: number) => void;

/** What is drawn: corners in an image. */
export interface Projected {
  /** [n, 3]: x and y in samples, and a depth that is linear in the image. */
  readonly points: Float32Array;
  /** [m, 3] indices of points. */
  readonly triangles: Uint32Array;
}

/**
 * Visits the samples in triangles. Samples are the middles of squares of side 1; a sample on an edge belongs to one of the two triangles
 * that share the edge.
 *
 * @param width of the image, in samples
 * @param height of the image, in samples
 * @param isPerspective whether the depth is 1 / z, 0 for what is not drawn; else weights are those in the image
 * @param order triangles in the order to visit them; all of them when left out
 */
export function rasterise(
  { points, triangles }: Projected,
  width: number,
  height: number,
  isPerspective: boolean,
  visit: Visit,
  order?: Uint32Array,
): void {
  const count = order?.length ?? triangles.length / 3;
  for (let n = 0; n < count; n++) {
    const t = order === undefined ? n : order[n]!;
    const a = 3 * triangles[3 * t]!;
    let b = 3 * triangles[3 * t + 1]!;
    let c = 3 * triangles[3 * t + 2]!;
    const ax = points[a]!;
    const ay = points[a + 1]!;
    let area = (points[b]! - ax) * (points[c + 1]! - ay) - (points[b + 1]! - ay) * (points[c]! - ax);
    if (area === 0 || Number.isNaN(area)) continue;
    const isTurned = area < 0;
    if (isTurned) {
      [b, c] = [c, b];
      area = -area;
    }
    const bx = points[b]!;
    const by = points[b + 1]!;
    const cx = points[c]!;
    const cy = points[c + 1]!;
    const left = Math.max(0, Math.ceil(Math.min(ax, bx, cx) - 0.5));
    const right = Math.min(width - 1, Math.floor(Math.max(ax, bx, cx) - 0.5));
    const top = Math.max(0, Math.ceil(Math.min(ay, by, cy) - 0.5));
    const bottom = Math.min(height - 1, Math.floor(Math.max(ay, by, cy) - 0.5));
    if (left > right || top > bottom) continue;
    const az = points[a + 2]!;
    const bz = points[b + 2]!;
    const cz = points[c + 2]!;
    if (isPerspective && (az === 0 || bz === 0 || cz === 0)) continue;
    // Edges on the left and on top own their samples.
    const ownsA = owns(cx - bx, cy - by);
    const ownsB = owns(ax - cx, ay - cy);
    const ownsC = owns(bx - ax, by - ay);
    for (let y = top; y <= bottom; y++) {
      const py = y + 0.5;
      for (let x = left; x <= right; x++) {
        const px = x + 0.5;
        const wa = (cx - bx) * (py - by) - (cy - by) * (px - bx);
        const wb = (ax - cx) * (py - cy) - (ay - cy) * (px - cx);
        const wc = (bx - ax) * (py - ay) - (by - ay) * (px - ax);
        if (wa < 0 || wb < 0 || wc < 0) continue;
        if ((wa === 0 && !ownsA) || (wb === 0 && !ownsB) || (wc === 0 && !ownsC)) continue;
        const depth = (wa * az + wb * bz + wc * cz) / area;
        const scale = isPerspective ? 1 / (area * depth) : 1 / area;
        const second = wb * (isPerspective ? bz : 1) * scale;
        const third = wc * (isPerspective ? cz : 1) * scale;
        visit(y * width + x, t, isTurned ? third : second, isTurned ? second : third, depth);
      }
    }
  }
}

function owns(dx: number, dy: number): boolean {
  return dy < 0 || (dy === 0 && dx > 0);
}
