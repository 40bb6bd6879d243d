/** WaNet: a smooth warp of the whole image. */
import { DrmGuardError } from "../errors.ts";
import type { Random } from "../random.ts";
import { enlarge } from "./bicubic.ts";
import type { WanetOptions } from "./options.ts";
import type { ImageShape } from "./shape.ts";

/** The trigger: the control field P, from which the warp of any image of its shape follows. */
export interface WanetTrigger {
  readonly kind: "wanet";
  readonly shape: ImageShape;
  /** s */
  readonly strength: number;
  /** k */
  readonly side: number;
  /** P / mean |P|, [2, k, k]: how far each control point moves along x, then along y. */
  readonly control: Float32Array;
}

/**
 * Draws the trigger for images of a shape, once: P ~ U(-1, 1), divided by the mean of |P|.
 *
 * Throws E_USAGE when the strength is not above 0, E_SHAPE when fewer than two control points fit.
 */
export function wanetTrigger(
  { cell, strength }: WanetOptions,
  shape: ImageShape,
  random: Random,
): WanetTrigger {
  const side = Math.round(Math.min(shape[1], shape[2]) / cell);
  if (!(strength > 0)) {
    throw new DrmGuardError("E_USAGE", `found a warping strength of ${strength}, expected more than 0`);
  }
  if (!(side >= 2 && side <= Math.min(shape[1], shape[2]))) {
    throw new DrmGuardError(
      "E_SHAPE",
      `found ${side} control points on images of ${shape[1]} x ${shape[2]} with cells of ${cell} px, expected 2 or more and no more than pixels`,
    );
  }
  const drawn = Float32Array.from({ length: 2 * side * side }, () => 2 * random.uniform() - 1);
  const mean = drawn.reduce((total, value) => total + Math.abs(value), 0) / drawn.length;
  return { kind: "wanet", shape, strength, side, control: drawn.map((value) => value / mean) };
}

const clipped = (value: number): number => Math.min(1, Math.max(-1, value));

/**
 * Where every pixel of a warped image is taken from: clip(I + s N / H, -1, 1), where I are the pixels' own places
 * and N is P at the image's size, bicubically enlarged.
 *
 * Reading: the publication's images are square; here x goes by the width and y by the height.
 *
 * @returns [H, W, 2], (x, y) in [-1, 1] from the first pixel's centre to the last one's
 */
export function wanetGrid({ shape, strength, side, control }: WanetTrigger): Float64Array {
  const [, height, width] = shape;
  const [alongX, alongY] = [0, 1].map((axis) =>
    enlarge(control.subarray(axis * side * side, (axis + 1) * side * side), side, height, width),
  ) as [Float64Array, Float64Array];
  const own = (i: number, length: number): number => (length > 1 ? (2 * i) / (length - 1) - 1 : -1);
  const grid = new Float64Array(2 * height * width);
  for (let i = 0; i < height * width; i++) {
    const [x, y] = [own(i % width, width), own(Math.floor(i / width), height)];
    grid[2 * i] = clipped(x + (strength * alongX[i]!) / width);
    grid[2 * i + 1] = clipped(y + (strength * alongY[i]!) / height);
  }
  return grid;
}

/** A grid with noise of its own in every pixel: clip(grid + U(-1, 1) / H, -1, 1). */
export function noisyGrid(grid: Float64Array, [, height, width]: ImageShape, random: Random): Float64Array {
  return grid.map((place, i) => clipped(place + (2 * random.uniform() - 1) / (i % 2 === 0 ? width : height)));
}

/**
 * An image taken at the places of a grid, bilinearly, in place.
 *
 * @param image [C, H, W]
 * @param grid as {@link wanetGrid} gives
 */
export function warp(image: Float32Array, [channels, height, width]: ImageShape, grid: Float64Array): void {
  const size = height * width;
  const source = image.slice();
  for (let i = 0; i < size; i++) {
    const x = ((grid[2 * i]! + 1) / 2) * (width - 1);
    const y = ((grid[2 * i + 1]! + 1) / 2) * (height - 1);
    const [x0, y0] = [Math.floor(x), Math.floor(y)];
    const [dx, dy] = [x - x0, y - y0];
    // On the last row and column the neighbour has no weight.
    const [x1, y1] = [Math.min(x0 + 1, width - 1), Math.min(y0 + 1, height - 1)];
    for (let c = 0; c < channels; c++) {
      const at = (row: number, column: number): number => source[c * size + row * width + column]!;
      const above = (1 - dx) * at(y0, x0) + dx * at(y0, x1);
      const below = (1 - dx) * at(y1, x0) + dx * at(y1, x1);
      image[c * size + i] = (1 - dy) * above + dy * below;
    }
  }
}
