/** Eyeballs: iris and pupil are circles round the optical axis, so that the gaze is exact. */
import type { Vector } from "./angles.ts";
import { between, type Color } from "./color.ts";

const sclera: Color = [0.72, 0.69, 0.67];
const bloodshot: Color = [0.6, 0.42, 0.38];
const pupilColor: Color = [0.006, 0.006, 0.007];

/** How an eye looks. */
export interface EyeLook {
  /** Where it looks: a unit vector. */
  readonly axis: Vector;
  /** Linear. */
  readonly irisColor: Color;
  /** In radians, from the middle of the eyeball. */
  readonly irisRadius: number;
  /** The pupil's radius as a part of the iris'. */
  readonly pupil: number;
}

/**
 * The colour of an eyeball.
 *
 * @param look the eye
 * @param nx the direction of a point from the middle of the eyeball, of length 1
 * @returns linear
 */
export function eyeColor(
  { axis, irisColor, irisRadius, pupil }: EyeLook,
  nx: number,
  ny: number,
  nz: number,
): Color {
  const angle = Math.acos(Math.min(Math.max(nx * axis[0] + ny * axis[1] + nz * axis[2], -1), 1));
  const part = angle / irisRadius;
  if (part < pupil) return pupilColor;
  if (part < 1) {
    // The iris is lighter towards the pupil and has a dark ring around it.
    const across = (part - pupil) / (1 - pupil);
    const shade = 1.15 - 0.25 * across - 0.65 * smooth((across - 0.7) / 0.3);
    return [irisColor[0] * shade, irisColor[1] * shade, irisColor[2] * shade];
  }
  return between(sclera, bloodshot, smooth((angle - irisRadius) / 1.1));
}

/** From 0 to 1 without corners. */
export function smooth(x: number): number {
  const t = Math.min(Math.max(x, 0), 1);
  return t * t * (3 - 2 * t);
}
