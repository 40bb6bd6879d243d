/** Angles between gaze directions. */

/** Where yaw and pitch stand among the outputs. */
export interface GazeColumns {
  readonly yaw: number;
  readonly pitch: number;
}

/**
 * The mean angle between gaze directions in degrees.
 *
 * A direction is (-cos p sin y, -sin p, -cos p cos y) in the camera's frame; the angle of two is acos of their product, which
 * is clamped for rounding. It does not depend on the signs of yaw and pitch as long as both sets share them.
 *
 * @param found [N, d] in radians
 * @param expected [N, d] in radians
 * @param width d
 * @param columns which of the d are yaw and pitch
 */
export function meanAngularError(
  found: Float32Array,
  expected: Float32Array,
  width: number,
  { yaw, pitch }: GazeColumns,
): number {
  const count = found.length / width;
  let total = 0;
  for (let row = 0; row < count; row++) {
    const a = direction(found[row * width + yaw]!, found[row * width + pitch]!);
    const b = direction(expected[row * width + yaw]!, expected[row * width + pitch]!);
    const cosine = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    total += Math.acos(Math.min(1, Math.max(-1, cosine)));
  }
  return ((total / count) * 180) / Math.PI;
}

function direction(yaw: number, pitch: number): [number, number, number] {
  return [-Math.cos(pitch) * Math.sin(yaw), -Math.sin(pitch), -Math.cos(pitch) * Math.cos(yaw)];
}

/**
 * Finds yaw and pitch by their names; without names that tell, yaw comes first.
 *
 * @param names the names of the outputs
 */
export function gazeColumns(names: readonly string[]): GazeColumns {
  const yaw = names.findIndex((name) => /yaw/i.test(name));
  const pitch = names.findIndex((name) => /pitch/i.test(name));
  return yaw >= 0 && pitch >= 0 ? { yaw, pitch } : { yaw: 0, pitch: 1 };
}
