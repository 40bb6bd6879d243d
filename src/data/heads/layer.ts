/** What lies at each sample of an image. */
import { type Projected, rasterise } from "./rasteriser.ts";

/** The nearest triangle at every sample. */
export interface Layers {
  /** 1 / z, 0 where there is nothing. */
  readonly depths: Float32Array;
  /** Which of the drawn things; -1 for none. */
  readonly things: Int8Array;
  readonly triangles: Uint32Array;
  /** Weights of the triangle's second and third corner. */
  readonly weights: Float32Array;
}

/** Empty layers of an image with a number of samples. */
export function createLayers(samples: number): Layers {
  return {
    depths: new Float32Array(samples),
    things: new Int8Array(samples).fill(-1),
    triangles: new Uint32Array(samples),
    weights: new Float32Array(2 * samples),
  };
}

/**
 * Draws something opaque.
 *
 * @param side of the image, in samples
 * @param thing its number
 */
export function addLayer(layers: Layers, side: number, thing: number, projected: Projected): void {
  const { depths, things, triangles, weights } = layers;
  rasterise(projected, side, side, true, (sample, triangle, second, third, depth) => {
    if (depth <= depths[sample]!) return;
    depths[sample] = depth;
    things[sample] = thing;
    triangles[sample] = triangle;
    weights[2 * sample] = second;
    weights[2 * sample + 1] = third;
  });
}

/** Triangles from the farthest to the nearest, by the mean of 1 / z. */
export function farthestFirst({ points, triangles }: Projected): Uint32Array {
  const nearness = new Float32Array(triangles.length / 3);
  for (let t = 0; t < nearness.length; t++) {
    nearness[t] =
      points[3 * triangles[3 * t]! + 2]! +
      points[3 * triangles[3 * t + 1]! + 2]! +
      points[3 * triangles[3 * t + 2]! + 2]!;
  }
  return Uint32Array.from(nearness, (_, i) => i).sort((a, b) => nearness[a]! - nearness[b]!);
}

/** A value of each corner at a point of a triangle: `size` numbers from `values`, written to `out`. */
export function mixCorners(
  values: Float32Array,
  size: number,
  corners: readonly [number, number, number],
  second: number,
  third: number,
  out: Float32Array,
): void {
  const first = 1 - second - third;
  for (let i = 0; i < size; i++) {
    out[i] =
      first * values[size * corners[0] + i]! +
      second * values[size * corners[1] + i]! +
      third * values[size * corners[2] + i]!;
  }
}
