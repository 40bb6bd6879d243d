/** From directions and rotations to angles. The camera's frame: x to the right, y down, z away from the camera. */

/** Three coordinates. */
export type Vector = readonly [x: number, y: number, z: number];
/** A 3x3 matrix by rows. */
export type Matrix = readonly [Vector, Vector, Vector];

/**
 * Yaw and pitch of a gaze direction, radians: yaw = atan2(-x, -z), pitch = asin(-y). So (0, 0, -1), into the camera, is (0, 0);
 * yaw above 0 looks to the image's left, pitch above 0 up. The convention of MPIIFaceGaze.
 *
 * @param direction of any length above 0
 */
export function gazeAngles([x, y, z]: Vector): [yaw: number, pitch: number] {
  return [Math.atan2(-x, -z), Math.asin(clamp(-y / Math.hypot(x, y, z)))];
}

/**
 * Yaw and pitch of a head from its rotation vector (Rodrigues), radians: v is the third column of the rotation, the head's axis
 * away from the camera; yaw = atan2(v_x, v_z), pitch = asin(v_y). Signs are those of {@link gazeAngles}.
 *
 * @param rotation axis times angle, radians
 */
export function headAngles([x, y, z]: Vector): [yaw: number, pitch: number] {
  const angle = Math.hypot(x, y, z);
  if (angle === 0) return [0, 0];
  const [kx, ky, kz] = [x / angle, y / angle, z / angle];
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  // The third column of cos I + (1 - cos) k kT + sin [k]x.
  const v: Vector = [(1 - c) * kx * kz + s * ky, (1 - c) * ky * kz - s * kx, c + (1 - c) * kz * kz];
  return [Math.atan2(v[0], v[2]), Math.asin(clamp(v[1]))];
}

/**
 * Hopenet's angles of a rotation as Biwi's `_pose.txt` has it, radians. With A the transpose: roll = -atan2(A10, A00),
 * yaw = -atan2(-A20, hypot(A21, A22)), pitch = atan2(A21, A22).
 *
 * @param rotation the matrix as it stands in the file
 */
export function hopenetAngles([r0, r1, r2]: Matrix): [yaw: number, pitch: number, roll: number] {
  const yaw = -Math.atan2(-r0[2], Math.hypot(r1[2], r2[2]));
  return [yaw, Math.atan2(r1[2], r2[2]), -Math.atan2(r0[1], r0[0])];
}

/** Matrix times vector. */
export function rotate([a, b, c]: Matrix, v: Vector): [number, number, number] {
  const dot = (row: Vector): number => row[0] * v[0] + row[1] * v[1] + row[2] * v[2];
  return [dot(a), dot(b), dot(c)];
}

/** Rounding takes sines out of [-1, 1]. */
const clamp = (sine: number): number => Math.min(1, Math.max(-1, sine));
