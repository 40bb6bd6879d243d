/** A pinhole camera: points in its frame (x right, y down, z away) become points of the image. */

/** What a camera sees. */
export interface Camera {
  /** Samples for each decimetre at a distance of 1 dm. */
  readonly focal: number;
  /** Where the axis meets the image, in samples from its upper left corner. */
  readonly center: readonly [x: number, y: number];
}

/** Nearer points than this are not drawn, in dm. */
export const nearest = 0.5;

/**
 * A camera that sees a square of a given width at a given distance.
 *
 * @param samples the side of the image
 * @param width of what is seen, in dm
 * @param distance in dm
 * @param shift where the axis meets the image, as parts of its side from the middle
 */
export function cameraFor(
  samples: number,
  width: number,
  distance: number,
  [right, down]: readonly [number, number],
): Camera {
  return {
    focal: (samples * distance) / width,
    center: [samples * (0.5 + right), samples * (0.5 + down)],
  };
}

/**
 * Projects points.
 *
 * @param points [n, 3] in dm, in the camera's frame
 * @returns [n, 3]: x and y in samples, and 1 / z, which is linear in the image; 0 for points that are too near
 */
export function project({ focal, center }: Camera, points: Float32Array): Float32Array {
  const projected = new Float32Array(points.length);
  for (let i = 0; i < points.length; i += 3) {
    const z = points[i + 2]!;
    if (z < nearest) continue;
    projected[i] = center[0] + (focal * points[i]!) / z;
    projected[i + 1] = center[1] + (focal * points[i + 1]!) / z;
    projected[i + 2] = 1 / z;
  }
  return projected;
}
