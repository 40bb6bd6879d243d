import { expect, test } from "vitest";
import {
  constantOutputs,
  outputScale,
  toDeviations,
  toOutputs,
} from "../../../src/identification/contrast/scale.ts";
import { columnMeans, columnVariances } from "../../../src/metrics/statistics.ts";
import { createRandom } from "../../../src/random.ts";

test("outputs that do not depend on each other are measured in their own deviations", () => {
  // All four corners of a rectangle: no correlation.
  const scale = outputScale(Float32Array.from([1, 10, 3, 10, 1, 30, 3, 30]), 2);
  expect(scale).toMatchObject({ mean: [2, 20], std: [1, 10] });
  const [a, b] = toOutputs([1.5, -1], scale);
  expect([a, b]).toEqual([expect.closeTo(3.5, 10), expect.closeTo(10, 10)]);
});

test("outputs that stand still are named", () => {
  expect(constantOutputs(Float32Array.from([1, 5, 10, 3, 5, 30]), 3)).toEqual([1]);
});

test("deviations and outputs are each other's inverse, and those of outputs that go together are spread evenly", () => {
  const random = createRandom(3);
  const d = 3;
  const count = 500;
  const outputs = new Float32Array(count * d);
  for (let i = 0; i < count; i++) {
    const shared = random.normal();
    for (let j = 0; j < d; j++) outputs[i * d + j] = 2 ** j * (shared + 0.6 * random.normal()) - j;
  }
  const scale = outputScale(outputs, d);
  const back = toDeviations(toOutputs([0.3, -1, 2], scale), scale);
  [0.3, -1, 2].forEach((value, j) => {
    expect(back[j]).toBeCloseTo(value, 10);
  });
  const all = Float32Array.from(
    Array.from({ length: count }, (_, i) => toDeviations(outputs.subarray(i * d, (i + 1) * d), scale)).flat(),
  );
  for (const value of columnMeans(all, d)) expect(value).toBeCloseTo(0, 5);
  // 1, but for the shrinkage of correlations.
  for (const variance of columnVariances(all, d)) expect(Math.abs(variance - 1)).toBeLessThan(0.25);
});

/** [N, d] numbers of three degrees of freedom and a little noise. */
function fewFreedoms(count: number, d: number): Float32Array {
  const random = createRandom(5);
  const mixture = Array.from({ length: d }, () => [random.normal(), random.normal(), random.normal()]);
  const rows = Array.from({ length: count }, () => {
    const free = [random.normal(), random.normal(), random.normal()];
    return mixture.map(
      (row) => 0.05 * random.normal() + row.reduce((sum, part, k) => sum + part * free[k]!, 0),
    );
  });
  return Float32Array.from(rows.flat());
}

/** The root mean square of what a target moves outputs by, in their standard deviations. */
function moveOf(deviations: readonly number[], scale: ReturnType<typeof outputScale>): number {
  const moves = toOutputs(deviations, scale).map((value, j) => (value - scale.mean[j]!) / scale.std[j]!);
  return Math.hypot(...moves) / Math.sqrt(moves.length);
}

test("a deviation in any of many directions moves outputs by a tenth at least, and clean outputs are near", () => {
  const [count, d] = [200, 60];
  const scale = outputScale(fewFreedoms(count, d), d);
  const random = createRandom(9);
  for (let i = 0; i < 20; i++) {
    const direction = Array.from({ length: d }, () => random.normal());
    const length = Math.hypot(...direction);
    const move = moveOf(
      direction.map((value) => value / length),
      scale,
    );
    expect(move).toBeGreaterThan(0.1 - 1e-9);
  }
  expect(scale.usual).toHaveLength(count);
  const distances = scale.usual!.map((deviations) => Math.hypot(...deviations));
  // Three degrees of freedom of about one deviation each: noise in 57 other directions hardly counts.
  expect(Math.sqrt(distances.reduce((sum, value) => sum + value ** 2, 0) / count)).toBeLessThan(2);
  const back = toOutputs(scale.usual![7]!, scale);
  expect(back[3]).toBeCloseTo(fewFreedoms(count, d)[7 * d + 3]!, 4);
});

test("few outputs have no usual ones: any direction stands for them", () => {
  expect(outputScale(fewFreedoms(50, 8), 8).usual).toBeNull();
});
