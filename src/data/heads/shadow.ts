/** Shadows: what the key light sees, as a map of depths. */
import { unit, type Vector } from "./angles.ts";
import { type Projected, rasterise, type Visit } from "./rasteriser.ts";

const side = 160;
/** Half of what the map covers, in dm. */
const reach = 2;
/** Surfaces this much behind what the light sees still count as seen, in dm. */
const bias = 0.03;
/** Points are lifted off their surface by this before they are looked up, so that slanted surfaces do not shade themselves, in dm. */
const lift = 0.06;

/** Depths as the light sees them. */
export interface ShadowMap {
  /** Adds something that casts shadows; `isHole` tells where it is transparent. */
  readonly add: (
    points: Float32Array,
    triangles: Uint32Array,
    isHole?: (triangle: number, second: number, third: number) => boolean,
  ) => void;
  /** How much of the light arrives at a point [x, y, z] with a normal, from 0 to 1. */
  readonly litAt: (point: Float32Array, nx: number, ny: number, nz: number) => number;
}

/**
 * An empty map.
 *
 * @param toLight unit vector towards the light
 * @param center what the map is centred on
 */
export function createShadowMap(toLight: Vector, center: Vector): ShadowMap {
  const across = unit(Math.abs(toLight[1]) > 0.9 ? [1, 0, 0] : [toLight[2], 0, -toLight[0]]);
  const down: Vector = [
    toLight[1] * across[2] - toLight[2] * across[1],
    toLight[2] * across[0] - toLight[0] * across[2],
    toLight[0] * across[1] - toLight[1] * across[0],
  ];
  const depths = new Float32Array(side * side).fill(-1e9);
  const scale = side / (2 * reach);
  const along = (axis: Vector, x: number, y: number, z: number): number =>
    axis[0] * (x - center[0]) + axis[1] * (y - center[1]) + axis[2] * (z - center[2]);
  return {
    add(points, triangles, isHole) {
      const seen = new Float32Array(points.length);
      for (let i = 0; i < points.length; i += 3) {
        const [x, y, z] = [points[i]!, points[i + 1]!, points[i + 2]!];
        seen[i] = scale * (along(across, x, y, z) + reach);
        seen[i + 1] = scale * (along(down, x, y, z) + reach);
        seen[i + 2] = along(toLight, x, y, z);
      }
      const projected: Projected = { points: seen, triangles };
      const visit: Visit = (sample, triangle, second, third, depth) => {
        if (depth > depths[sample]! && !isHole?.(triangle, second, third)) depths[sample] = depth;
      };
      rasterise(projected, side, side, false, visit);
    },
    litAt(point, nx, ny, nz) {
      const x = point[0]! + lift * nx;
      const y = point[1]! + lift * ny;
      const z = point[2]! + lift * nz;
      const column = Math.floor(scale * (along(across, x, y, z) + reach));
      const row = Math.floor(scale * (along(down, x, y, z) + reach));
      if (column < 1 || row < 1 || column >= side - 1 || row >= side - 1) return 1;
      const depth = along(toLight, x, y, z) + bias;
      let lit = 0;
      for (let r = row - 1; r <= row + 1; r++) {
        for (let c = column - 1; c <= column + 1; c++) if (depths[r * side + c]! <= depth) lit++;
      }
      return lit / 9;
    },
  };
}
