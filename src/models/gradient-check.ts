/** The gradient of a whole model against finite differences. */
import { grad } from "../autodiff/grad.ts";
import { float32 } from "../onnx/tensor-data.ts";
import { createRandom, type Random } from "../random.ts";
import { compile } from "../runtime/compile.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Graph } from "../tensor/graph.ts";
import { mean, variance } from "../tensor/reduction.ts";
import { applyModel, type ExaminedModel } from "./examined-model.ts";

/** The outcome of a gradient check. */
export interface GradientCheck {
  /** Directions tried. */
  readonly directions: number;
  /** |integral - difference| / max(|integral|, |difference|) of the worst direction of those that had to agree. */
  readonly relativeError: number;
  /**
   * Whether nothing could be tested: neither gradient nor differences are anything but 0, or the outputs of different images
   * differ by rounding alone, in which differences drown.
   */
  readonly isFlat: boolean;
  readonly tolerance: number;
  readonly passed: boolean;
}

/**
 * Directions that must agree, and how many are tried for that: the first is along the gradient, the others are smooth and
 * random. A deep net of narrow ReLU6 layers has kinks so dense that a right gradient fails in one direction of twenty; a
 * wrong one fails in nearly all.
 */
const neededDirections = 3;
const mostDirections = 6;
/**
 * Half lengths of the segments, as root mean square over pixels, and points on them at which the gradient is taken,
 * cheapest first. Long segments cross many kinks of ReLU, short ones drown in float32; where the gradient is right, some
 * segment agrees. On nets with PyTorch's gradients the first or the third settles nearly all directions.
 */
const attempts = [
  { half: 1e-4, points: 4 },
  { half: 1e-3, points: 4 },
  { half: 1e-4, points: 12 },
  { half: 1e-3, points: 12 },
  { half: 1e-2, points: 12 },
  { half: 1e-4, points: 48 },
  { half: 1e-3, points: 48 },
  { half: 1e-2, points: 48 },
];
/** Those for outputs that differ by rounding alone, against which more points on a segment do not help. */
const cheapAttempts = attempts.filter(({ points }) => points <= 12);
/** Right gradients of deep nets reach a hundredth or better; a missing branch or a wrong factor is far above. */
const tolerance = 0.05;
/** No further segment is tried below this. */
const settled = 0.02;
/**
 * Outputs of different images that are nearer than this, as a part of their size, are the same: float32 rounds by 6e-8,
 * and a deep net adds that up. Nets of 94 layers as they come from their initialisation are there.
 */
const sameOutput = 1e-5;
/** Where more points have changed an integral by less than this, as a part of it, still more change nothing: what is left is the rounding of the difference. */
const converged = 0.02;

/**
 * Compares the gradient of L = mean_j Var_i(y_ij) with finite differences.
 *
 * A plain central difference fails on nets with many kinks. But L(x + s v) - L(x - s v) is the integral of g . v
 * along the segment, kinks or not, so the difference is compared with the mean of g . v over points of it.
 *
 * @param shape [N, C, H, W] of the random images that it runs on
 */
export async function checkGradient(
  runtime: Runtime,
  examined: ExaminedModel,
  shape: readonly [number, number, number, number],
  seed: number,
): Promise<GradientCheck> {
  const random = createRandom(seed).fork("gradient check");
  const graph = new Graph();
  const image = graph.input("image", shape);
  const { outputs } = applyModel(examined, image);
  const [gradient] = grad(mean(variance(outputs, { axes: [0] })), [image], runtime);
  const backward = await compile(runtime, { gradient: gradient! });
  const forward = await compile(runtime, { outputs });
  try {
    const pixels = smooth(shape, random).map((value) => 0.5 + 0.2 * value);
    const gradientAt = async (at: Float32Array): Promise<Float32Array> =>
      (await backward.run({ image: float32(at, shape) })).gradient!.data as Float32Array;
    const lossAt = async (at: Float32Array): Promise<number> => {
      const { outputs: y } = await forward.run({ image: float32(at, shape) });
      return meanVariance(y!.data as Float32Array, y!.dims[1]!);
    };
    const { outputs: first } = await forward.run({ image: float32(pixels, shape) });
    const areSame = differByRounding(first!.data as Float32Array, first!.dims[1]!);
    const start = await gradientAt(pixels);
    const errors: number[] = [];
    let agreeing = 0;
    while (errors.length < mostDirections && agreeing < neededDirections) {
      const direction = normalized(errors.length === 0 ? start : smooth(shape, random));
      const tried = areSame ? cheapAttempts : attempts;
      const error = await bestError(lossAt, gradientAt, pixels, direction, tried);
      errors.push(error);
      if (error <= tolerance) agreeing++;
      // Where differences drown, no other direction shows more than one that fails.
      else if (areSame) break;
    }
    const sorted = errors.toSorted((a, b) => a - b);
    const relativeError = sorted[neededDirections - 1] ?? sorted.at(-1)!;
    const passed = agreeing === neededDirections;
    const isZero = errors.every((error) => error === 0) && start.every((value) => value === 0);
    return {
      directions: errors.length,
      relativeError,
      isFlat: isZero || (areSame && !passed),
      tolerance,
      passed,
    };
  } finally {
    await backward.release();
    await forward.release();
  }
}

/** The relative error on the segment that agrees best. */
async function bestError(
  lossAt: (pixels: Float32Array) => Promise<number>,
  gradientAt: (pixels: Float32Array) => Promise<Float32Array>,
  pixels: Float32Array,
  direction: Float32Array,
  tried: typeof attempts,
): Promise<number> {
  const moved = (step: number): Float32Array => pixels.map((value, i) => value + step * direction[i]!);
  let best = Number.POSITIVE_INFINITY;
  const known = new Map<number, { readonly integral: number; readonly isConverged: boolean }>();
  for (const { half, points } of tried) {
    const before = known.get(half);
    if (before?.isConverged) continue;
    const difference = (await lossAt(moved(half))) - (await lossAt(moved(-half)));
    let integral = 0;
    for (let k = 0; k < points; k++) {
      const place = half * ((2 * k + 1) / points - 1);
      integral += (dot(await gradientAt(moved(place)), direction) * 2 * half) / points;
    }
    const isConverged =
      before !== undefined && Math.abs(integral - before.integral) <= converged * Math.abs(integral);
    known.set(half, { integral, isConverged });
    const scale = Math.max(Math.abs(integral), Math.abs(difference));
    best = Math.min(best, scale === 0 ? 0 : Math.abs(integral - difference) / scale);
    if (best <= settled) break;
  }
  return best;
}

/** Whether all images have the same outputs, rounding aside. */
function differByRounding(outputs: Float32Array, columns: number): boolean {
  return outputs.every((value, k) => {
    const first = outputs[k % columns]!;
    return Math.abs(value - first) <= sameOutput * Math.max(Math.abs(value), Math.abs(first));
  });
}

/** mean_j Var_i(y_ij) in double precision, so that the loss itself adds no rounding. */
function meanVariance(outputs: Float32Array, columns: number): number {
  const rows = outputs.length / columns;
  let total = 0;
  for (let j = 0; j < columns; j++) {
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < rows; i++) sum += outputs[i * columns + j]!;
    for (let i = 0; i < rows; i++) squares += (outputs[i * columns + j]! - sum / rows) ** 2;
    total += squares / rows;
  }
  return total / columns;
}

/** Random waves: smooth images meet less of a net's kinks than white noise, and look more like images. */
function smooth([n, c, h, w]: readonly [number, number, number, number], random: Random): Float32Array {
  const values = new Float32Array(n * c * h * w);
  const waves = 6;
  for (let k = 0; k < n * c; k++) {
    for (let wave = 0; wave < waves; wave++) {
      const [fx, fy, phase, size] = [
        random.normal() * 3,
        random.normal() * 3,
        random.uniform() * 7,
        random.normal(),
      ];
      for (let y = 0; y < h; y++) {
        for (let x = 0; x < w; x++) {
          values[(k * h + y) * w + x]! +=
            (size / Math.sqrt(waves)) * Math.cos((fx * x * 6.28) / w + (fy * y * 6.28) / h + phase);
        }
      }
    }
  }
  return values;
}

/** The same direction with root mean square 1. */
function normalized(direction: Float32Array): Float32Array {
  const norm = Math.sqrt(dot(direction, direction) / direction.length);
  return norm === 0 ? direction : direction.map((value) => value / norm);
}

function dot(a: Float32Array, b: Float32Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}
