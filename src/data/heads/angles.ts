/**
 * Angles of gaze and of heads in the frame of MPIIFaceGaze. The camera looks along +z, x goes right in the image and y goes down.
 * Yaw and pitch (0, 0) point into the camera, positive yaw to the left in the image, positive pitch up.
 */

/** A vector of three numbers. */
export type Vector = readonly [x: number, y: number, z: number];

/** A matrix of 3 x 3 numbers, row-major. */
export type Matrix = readonly [number, number, number, number, number, number, number, number, number];

/** Where something points, in radians. */
export interface Direction {
  readonly yaw: number;
  readonly pitch: number;
}

/** How a head is turned, in radians; positive roll is clockwise in the image. */
export interface HeadPose extends Direction {
  readonly roll: number;
}

/**
 * The unit vector of a direction: (-cos p sin y, -sin p, -cos p cos y), as in the code that normalises MPIIFaceGaze.
 *
 * @param direction yaw and pitch in radians
 */
export function vectorOf({ yaw, pitch }: Direction): Vector {
  return [-Math.cos(pitch) * Math.sin(yaw), -Math.sin(pitch), -Math.cos(pitch) * Math.cos(yaw)];
}

/**
 * The direction of a vector: the inverse of {@link vectorOf}.
 *
 * @param vector of any length but 0
 */
export function directionOf([x, y, z]: Vector): Direction {
  return { yaw: Math.atan2(-x, -z), pitch: Math.asin(-y / Math.hypot(x, y, z)) };
}

/**
 * The rotation of a head: about y by the yaw, about x by minus the pitch, about z by the roll, so that (0, 0, -1) turns to where the
 * head points.
 *
 * @param pose angles in radians
 */
export function rotationOf({ yaw, pitch, roll }: HeadPose): Matrix {
  const [cy, sy, cp, sp, cr, sr] = [yaw, pitch, roll].flatMap((angle) => [
    Math.cos(angle),
    Math.sin(angle),
  ]) as [number, number, number, number, number, number];
  return [
    cy * cr - sy * sp * sr,
    -cy * sr - sy * sp * cr,
    sy * cp,
    cp * sr,
    cp * cr,
    sp,
    -sy * cr - cy * sp * sr,
    sy * sr - cy * sp * cr,
    cy * cp,
  ];
}

/**
 * The angles of a rotation: the inverse of {@link rotationOf} for pitches below 90 degrees.
 *
 * @param rotation an orthogonal matrix
 */
export function poseOf(rotation: Matrix): HeadPose {
  return {
    yaw: Math.atan2(rotation[2], rotation[8]),
    pitch: Math.asin(rotation[5]),
    roll: Math.atan2(rotation[3], rotation[4]),
  };
}

/** A matrix times a vector. */
export function turn(m: Matrix, [x, y, z]: Vector): Vector {
  return [m[0] * x + m[1] * y + m[2] * z, m[3] * x + m[4] * y + m[5] * z, m[6] * x + m[7] * y + m[8] * z];
}

/** A transposed matrix: the inverse of a rotation. */
export function transposed(m: Matrix): Matrix {
  return [m[0], m[3], m[6], m[1], m[4], m[7], m[2], m[5], m[8]];
}

/** A vector of length 1. */
export function unit([x, y, z]: Vector): Vector {
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
}

/** Degrees as radians. */
export function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
