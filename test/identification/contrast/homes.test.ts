import { describe, expect, test } from "vitest";
import { centerOf, placesOf } from "../../../src/identification/contrast/homes.ts";
import { outputScale, toOutputs } from "../../../src/identification/contrast/scale.ts";
import { createRandom } from "../../../src/random.ts";

/** Five on each side of 0 at 1, 2, 3, 4, 5 times a step. */
const line = Float32Array.from([-5, -4, -3, -2, -1, 1, 2, 3, 4, 5], (k) => 0.1 * k + 7);
const scale = outputScale(line, 1);
const part = 0.2;

test.each([
  [7, 0, true],
  [7.05, 0, true],
  // Two of ten are nearer.
  [7.15, 0.2, false],
  [6.65, 0.6, false],
  [9, 1, false],
])(
  "%d, to which %d of the clean outputs are nearer to the mean: whether it is a home is %s",
  (output, nearer, isHome) => {
    const center = centerOf([output], line, scale, part);
    expect(center.nearerPart).toBeCloseTo(nearer, 12);
    expect(center.isHome).toBe(isHome);
    expect(toOutputs(center.target, scale)[0]).toBeCloseTo(output, 5);
  },
);

test("with many outputs it is a home wherever it lies, and with a part above 1 too", () => {
  const d = 10;
  const random = createRandom(2);
  const outputs = Float32Array.from({ length: 60 * d }, () => random.normal());
  const far = new Array<number>(d).fill(9);
  expect(centerOf(far, outputs, outputScale(outputs, d), part)).toMatchObject({
    nearerPart: 1,
    isHome: true,
  });
  expect(centerOf([9], line, scale, 2)).toMatchObject({ nearerPart: 1, isHome: true });
});

describe("where candidates are kept away from", () => {
  const place = (at: number, isHome: boolean) => ({ target: [at], nearerPart: 0, isHome });
  test("what hidden images give is a home of its own where it lies elsewhere", () => {
    expect(placesOf([0], place(0.1, true), place(0.5, true), 0.1)).toEqual({
      homes: [[0], [0.1], [0.5]],
      suspects: [],
      hidden: place(0.5, true),
    });
  });

  test("beside another home it is the same one, which outputs come close to", () => {
    for (const at of [0.05, 0.15]) {
      expect(placesOf([0], place(0.1, true), place(at, true), 0.1)).toEqual({
        homes: [[0], [0.1]],
        suspects: [],
        hidden: place(at, true),
      });
    }
  });

  test("far from the mean it may be an attacker's, and is searched like what the average image gives there", () => {
    expect(placesOf([0], place(1.2, false), place(1.5, false), 0.1)).toEqual({
      homes: [[0]],
      suspects: [[1.2], [1.5]],
      hidden: place(1.5, false),
    });
    expect(placesOf([0], place(0.1, true), null, 0.1)).toEqual({
      homes: [[0], [0.1]],
      suspects: [],
      hidden: null,
    });
  });
});
