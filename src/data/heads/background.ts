/** What is behind a head: soft colours and some out-of-focus shapes. */
import type { Random } from "../../random.ts";
import { between, type Color, drawColor } from "./color.ts";

interface Patch {
  readonly center: readonly [number, number];
  readonly half: readonly [number, number];
  /** Width of the edge, as a part of the image. */
  readonly blur: number;
  readonly color: Color;
}

/** A background; positions are parts of the image's side. */
export interface Background {
  /** Colours of a grid of points, [rows][columns], linear. */
  readonly grid: readonly (readonly Color[])[];
  readonly patches: readonly Patch[];
}

/**
 * Draws a background.
 *
 * @param random the only source of chance
 */
export function drawBackground(random: Random): Background {
  const [a, b] = [drawColor(random), drawColor(random)];
  const cells = 2 + random.integer(4);
  const spread = random.uniform();
  const grid = Array.from({ length: cells }, () =>
    Array.from({ length: cells }, () => between(a, b, spread * random.uniform())),
  );
  const patches = Array.from({ length: random.integer(6) }, () => ({
    center: [random.uniform(), random.uniform()] as const,
    half: [0.05 + 0.3 * random.uniform(), 0.05 + 0.3 * random.uniform()] as const,
    blur: 0.01 + 0.1 * random.uniform(),
    color: drawColor(random),
  }));
  return { grid, patches };
}

/**
 * The colour of a background at a point.
 *
 * @param x from left to right, 0 to 1
 * @param y from top to bottom, 0 to 1
 */
export function backgroundAt({ grid, patches }: Background, x: number, y: number): Color {
  const last = grid.length - 1;
  const [gx, gy] = [x * last, y * last];
  const [column, row] = [Math.min(Math.floor(gx), last - 1), Math.min(Math.floor(gy), last - 1)];
  const [fx, fy] = [gx - column, gy - row];
  const upper = between(grid[row]![column]!, grid[row]![column + 1]!, fx);
  const lower = between(grid[row + 1]![column]!, grid[row + 1]![column + 1]!, fx);
  return patches.reduce(
    (color, { center, half, blur, color: own }) => {
      const inside = Math.min(half[0] - Math.abs(x - center[0]), half[1] - Math.abs(y - center[1]));
      const part = Math.min(Math.max(0.5 + inside / blur, 0), 1);
      return part === 0 ? color : between(color, own, part);
    },
    between(upper, lower, fy),
  );
}
