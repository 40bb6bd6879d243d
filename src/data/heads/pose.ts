/** Brings a shape from the model's frame into the camera's: the head turns rigidly, the neck follows, shoulders stay. */
import { type HeadPose, type Matrix, rotationOf, turn, type Vector } from "./angles.ts";

/** Steps in which the neck's share of the rotation is counted. */
const steps = 32;

/** Shoulders turn with the head by this part of its yaw and roll. */
const shoulderPart = 0.15;

/** Moves points of the model into the camera's frame. */
export interface Placement {
  /** [n, 3] in dm; `following` is how much of the head's rotation each takes. */
  readonly place: (points: Float32Array, following: Float32Array) => Float32Array;
  /** One point of the head. */
  readonly placeOnHead: (point: Vector) => Vector;
  readonly rotation: Matrix;
}

/**
 * How a head stands before a camera.
 *
 * @param pose how it is turned
 * @param pivot the point that it turns about, in the model's frame
 * @param focus the point of the head that lies on the camera's axis
 * @param distance of the focus, in dm
 */
export function placementOf(pose: HeadPose, pivot: Vector, focus: Vector, distance: number): Placement {
  const rotations = Array.from({ length: steps + 1 }, (_, i) => {
    const part = i / steps;
    const aside = shoulderPart + (1 - shoulderPart) * part;
    return rotationOf({ yaw: aside * pose.yaw, pitch: part * pose.pitch, roll: aside * pose.roll });
  });
  const rotation = rotations[steps]!;
  const [fx, fy, fz] = turn(rotation, fromPivot(focus, pivot));
  const shift: Vector = [-fx, -fy, distance - fz];
  return {
    rotation,
    placeOnHead: (point) => plus(turn(rotation, fromPivot(point, pivot)), shift),
    place(points, following) {
      const placed = new Float32Array(points.length);
      for (let i = 0; i < following.length; i++) {
        const m = rotations[Math.round(following[i]! * steps)]!;
        const x = points[3 * i]! - pivot[0];
        const y = pivot[1] - points[3 * i + 1]!;
        const z = pivot[2] - points[3 * i + 2]!;
        placed[3 * i] = m[0] * x + m[1] * y + m[2] * z + shift[0];
        placed[3 * i + 1] = m[3] * x + m[4] * y + m[5] * z + shift[1];
        placed[3 * i + 2] = m[6] * x + m[7] * y + m[8] * z + shift[2];
      }
      return placed;
    },
  };
}

/** The model's y goes up and its z to the viewer; the camera's go down and away. */
function fromPivot([x, y, z]: Vector, pivot: Vector): Vector {
  return [x - pivot[0], pivot[1] - y, pivot[2] - z];
}

function plus(a: Vector, b: Vector): Vector {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

/** The mean of some vertices. */
export function meanOf(points: Float32Array, vertices: Uint32Array): Vector {
  let [x, y, z] = [0, 0, 0];
  for (const v of vertices) {
    x += points[3 * v]!;
    y += points[3 * v + 1]!;
    z += points[3 * v + 2]!;
  }
  return [x / vertices.length, y / vertices.length, z / vertices.length];
}
