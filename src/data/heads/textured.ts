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
      const a = 3 * triangles[3 * t]!;
      const b = 3 * triangles[3 * t + 1]!;
      const c = 3 * triangles[3 * t + 2]!;
      const i = 6 * t;
      const texels = areaOf(uvs[i]!, uvs[i + 1]!, uvs[i + 2]!, uvs[i + 3]!, uvs[i + 4]!, uvs[i + 5]!);
      const samples = areaOf(
        points[a]!,
        points[a + 1]!,
        points[b]!,
        points[b + 1]!,
        points[c]!,
        points[c + 1]!,
      );
      levels[t] = levelFor(texture, texels, samples);
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

function areaOf(ax: number, ay: number, bx: number, by: number, cx: number, cy: number): number {
  return Math.abs((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)) / 2;
}
