/** The camera and the rasteriser against closed forms. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cameraFor, project } from "../../../src/data/heads/camera.ts";
import { rasterise } from "../../../src/data/heads/rasteriser.ts";

function visits(points: number[], triangles: number[], side: number): number[] {
  const counts = new Array<number>(side * side).fill(0);
  rasterise(
    { points: Float32Array.from(points), triangles: Uint32Array.from(triangles) },
    side,
    side,
    false,
    (at) => {
      counts[at]!++;
    },
  );
  return counts;
}

describe("a camera", () => {
  const camera = cameraFor(100, 2, 8, [0.1, -0.2]);

  test("sees the width that it is made for at its distance, with its axis where it is shifted to", () => {
    const seen = project(camera, Float32Array.of(0, 0, 8, 1, 0, 8, 0, 1, 8, -1, -1, 4));
    const expected = [60, 30, 1 / 8, 110, 30, 1 / 8, 60, 80, 1 / 8, -40, -70, 1 / 4];
    seen.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 4);
    });
  });

  test("does not see what is behind it", () => {
    expect([...project(camera, Float32Array.of(0, 0, -1))]).toEqual([0, 0, 0]);
  });
});

describe("the rasteriser", () => {
  test("visits exactly the samples of a half square", () => {
    const counts = visits([0, 0, 0, 4, 0, 0, 0, 4, 0], [0, 1, 2], 4);
    // The hypotenuse x + y = 4 goes through samples, which belong to the other half.
    expect(counts).toEqual([1, 1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
  });

  test("visits every sample of a square once, however it is cut and turned round", () => {
    const square = [0, 0, 0, 6, 0, 0, 6, 6, 0, 0, 6, 0];
    for (const triangles of [
      [0, 1, 2, 0, 2, 3],
      [0, 2, 1, 0, 2, 3],
      [1, 2, 3, 3, 1, 0],
    ]) {
      expect(visits(square, triangles, 6)).toEqual(new Array(36).fill(1));
    }
  });

  test("visits every sample of a fan round any point once", () => {
    const inside = fc.double({ min: 0.01, max: 7.99, noNaN: true });
    fc.assert(
      fc.property(inside, inside, (x, y) => {
        const points = [0, 0, 0, 8, 0, 0, 8, 8, 0, 0, 8, 0, x, y, 0];
        expect(visits(points, [0, 1, 4, 1, 2, 4, 2, 3, 4, 3, 0, 4], 8)).toEqual(new Array(64).fill(1));
      }),
    );
  });

  test("visits nothing of a triangle without area or outside of the image", () => {
    const none = new Array(16).fill(0);
    expect(visits([0, 0, 0, 4, 4, 0, 2, 2, 0], [0, 1, 2], 4)).toEqual(none);
    expect(visits([9, 9, 0, 12, 9, 0, 9, 12, 0], [0, 1, 2], 4)).toEqual(none);
  });

  test("covers about the area of any triangle", () => {
    const coordinate = fc.double({ min: 0, max: 64, noNaN: true });
    fc.assert(
      fc.property(fc.array(coordinate, { minLength: 6, maxLength: 6 }), ([ax, ay, bx, by, cx, cy]) => {
        const area = Math.abs((bx! - ax!) * (cy! - ay!) - (by! - ay!) * (cx! - ax!)) / 2;
        const edge =
          Math.hypot(bx! - ax!, by! - ay!) +
          Math.hypot(cx! - bx!, cy! - by!) +
          Math.hypot(ax! - cx!, ay! - cy!);
        const counts = visits([ax!, ay!, 0, bx!, by!, 0, cx!, cy!, 0], [0, 1, 2], 64);
        const covered = counts.reduce((sum, count) => sum + count, 0);
        // Only squares that an edge crosses can be counted wrongly.
        expect(Math.abs(covered - area)).toBeLessThanOrEqual(edge + 4);
      }),
    );
  });

  test("gives weights in space: half way in the image is nearer to the near end", () => {
    // From z = 1 on the left to z = 3 on the right; the middle of the image has 1 / z = 2 / 3, which is a quarter of the way.
    const points = Float32Array.of(0, 0, 1, 9, 0, 1 / 3, 0, 9, 1);
    const found: [number, number, number][] = [];
    rasterise({ points, triangles: Uint32Array.of(0, 1, 2) }, 9, 9, true, (at, _, second, third, depth) => {
      if (at === 4) found.push([second, third, depth]);
    });
    expect(found).toHaveLength(1);
    const [second, third, depth] = found[0]!;
    const y = 0.5 / 9;
    expect(depth).toBeCloseTo(2 / 3, 6);
    expect(second).toBeCloseTo(0.25, 6);
    expect(third).toBeCloseTo(y * 1.5, 6);
  });
});
