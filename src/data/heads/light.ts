/** Light: one lamp that casts shadows, one that fills them, and light from above and below. */
import type { Random } from "../../random.ts";
import { radians, type Vector, vectorOf } from "./angles.ts";
import type { Color } from "./color.ts";

/** Lights of a scene; directions are unit vectors towards the light, in the camera's frame. */
export interface Light {
  readonly key: Vector;
  readonly keyColor: Color;
  readonly fill: Vector;
  readonly fillColor: Color;
  readonly above: Color;
  readonly below: Color;
  /** Factor on everything. */
  readonly exposure: number;
}

/**
 * Draws lights.
 *
 * @param random the only source of chance
 */
export function drawLight(random: Random): Light {
  const between = (least: number, most: number): number => least + (most - least) * random.uniform();
  const tinted = (brightness: number): Color => {
    const warmth = 0.12 * random.normal();
    return [brightness * (1 + warmth), brightness, brightness * (1 - warmth)];
  };
  const side = random.uniform() < 0.5 ? -1 : 1;
  const ambient = between(0.25, 0.6);
  return {
    key: vectorOf({ yaw: side * radians(between(0, 75)), pitch: radians(between(0, 60)) }),
    keyColor: tinted(between(0.5, 1.3)),
    fill: vectorOf({ yaw: -side * radians(between(10, 70)), pitch: radians(between(-20, 40)) }),
    fillColor: tinted(between(0.05, 0.4)),
    above: tinted(ambient),
    below: tinted(ambient * between(0.3, 0.8)),
    exposure: between(0.75, 1.25),
  };
}

/** How softly light goes round edges: skin scatters it. */
const wrap = 0.3;

/**
 * The light that a surface gets.
 *
 * @param nx its normal, of length 1
 * @param lit how much of the key light arrives, from 0 in shadow to 1
 * @param out gets red, green and blue
 */
export function illuminate(
  light: Light,
  nx: number,
  ny: number,
  nz: number,
  lit: number,
  out: Float32Array,
): void {
  const { key, fill } = light;
  const byKey = lit * Math.max(0, (nx * key[0] + ny * key[1] + nz * key[2] + wrap) / (1 + wrap));
  const byFill = Math.max(0, (nx * fill[0] + ny * fill[1] + nz * fill[2] + wrap) / (1 + wrap));
  const up = 0.5 - 0.5 * ny;
  for (let c = 0; c < 3; c++) {
    out[c] =
      byKey * light.keyColor[c]! +
      byFill * light.fillColor[c]! +
      up * light.above[c]! +
      (1 - up) * light.below[c]!;
  }
}

/**
 * How bright the key light's reflection is (Blinn).
 *
 * @param nx the normal
 * @param vx the unit vector to the camera
 * @param squarings the exponent is 2 to this power
 */
export function reflection(
  { key }: Light,
  nx: number,
  ny: number,
  nz: number,
  vx: number,
  vy: number,
  vz: number,
  squarings: number,
): number {
  const hx = key[0] + vx;
  const hy = key[1] + vy;
  const hz = key[2] + vz;
  let power = Math.max(0, nx * hx + ny * hy + nz * hz) / Math.sqrt(hx * hx + hy * hy + hz * hz);
  for (let i = 0; i < squarings; i++) power *= power;
  return power;
}
