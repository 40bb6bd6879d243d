/** Colours: light adds up in linear brightness, images are stored as sRGB. */
import type { Random } from "../../random.ts";

/** Red, green and blue. */
export type Color = readonly [red: number, green: number, blue: number];

/** sRGB in [0, 1] as linear brightness, by a cubic fit that is within 0.002 (Chilliant, "sRGB approximations for HLSL"). */
export function linear(value: number): number {
  return value * (value * (value * 0.305306011 + 0.682171111) + 0.012522878);
}

/** Linear brightness as sRGB (IEC 61966-2-1), cut off outside of [0, 1]. */
export function encoded(value: number): number {
  if (value <= 0) return 0;
  if (value >= 1) return 1;
  return value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
}

/** An sRGB colour in linear brightness. */
export function linearColor([r, g, b]: Color): Color {
  return [linear(r), linear(g), linear(b)];
}

/** Any colour, in linear brightness. */
export function drawColor(random: Random): Color {
  const brightness = 0.1 + 0.8 * random.uniform();
  const saturation = random.uniform() ** 1.5;
  const mix = (): number => brightness * (1 - saturation * random.uniform());
  return linearColor([mix(), mix(), mix()]);
}

/** A colour between two. */
export function between(a: Color, b: Color, part: number): Color {
  return [a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part, a[2] + (b[2] - a[2]) * part];
}
