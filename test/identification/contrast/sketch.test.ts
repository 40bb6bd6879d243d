import { expect, test } from "vitest";
import { notReached } from "../../../src/identification/contrast/multipliers.ts";
import { sketchOf } from "../../../src/identification/contrast/sketch.ts";

const state = {
  error: Float32Array.of(0.9, 0.3, 0.6),
  theta: Float32Array.of(1, 2, 3, 4, 5, 6),
  bestTheta: Float32Array.of(10, 20, 30, 40, 50, 60),
};

test("the smallest trigger that works is drawn as it was when it was smallest", () => {
  const best = Float32Array.of(0.4, notReached, 0.2);
  expect(sketchOf("patch", { ...state, best })).toEqual({ family: "patch", theta: Float32Array.of(50, 60) });
});

test("before any works, the one that comes nearest is drawn as it is", () => {
  const best = new Float32Array(3).fill(notReached);
  expect(sketchOf("warp", { ...state, best })).toEqual({ family: "warp", theta: Float32Array.of(3, 4) });
});
