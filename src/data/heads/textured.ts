/** Textures on surfaces. */
import type { Surface } from "./model.ts";
import type { Projected } from "./rasteriser.ts";
import { levelFor, sampleTexture, type Texture } from "./texture.ts";

/** Colour of a surface: red, green and blue in sRGB, multiplied by opacity, and opacity. */
export type SurfaceColor = (triangle: number, second: number, third: number, out: Float32Array) => void;

/**
 * The colours of a textured surface as it is seen.
 *
 * @param projected where it is in the image, which says how finely the texture is seen
 */
export function texturedSurface(
  { triangles, uvs }: Surface,
  texture: Texture,
  { points }: Projected,
): SurfaceColor {
  const levels = new Int8Array(triangles.length / 3).fill(-1);
  const levelOf = (t: number): number => {
    if (levels[t]! < 0) {
      const corners = [0, 1, 2].map((k) => 3 * triangles[3 * t + k]!);
      const [px, py] = [0, 1].map((axis) => corners.map((corner) => points[corner + axis]!));
      const [pu, pv] = [0, 1].map((axis) => [0, 1, 2].map((k) => uvs[6 * t + 2 * k + axis]!));
      levels[t] = levelFor(texture, areaOf(pu!, pv!), areaOf(px!, py!));
    }
    return levels[t]!;
  };
  return (t, second, third, out) => {
    const first = 1 - second - third;
    const i = 6 * t;
    const u = first * uvs[i]! + second * uvs[i + 2]! + third * uvs[i + 4]!;
    const v = first * uvs[i + 1]! + second * uvs[i + 3]! + third * uvs[i + 5]!;
    sampleTexture(texture, levelOf(t), u, v, out);
  };
}

function areaOf(x: readonly number[], y: readonly number[]): number {
  return Math.abs((x[1]! - x[0]!) * (y[2]! - y[0]!) - (y[1]! - y[0]!) * (x[2]! - x[0]!)) / 2;
}
