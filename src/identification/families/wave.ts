/** Triggers that add waves to all images: stripes, a shade across the image, a blurred overlay. */
import { float32 } from "../../onnx/tensor-data.ts";
import type { Random } from "../../random.ts";
import { abs, add, clip, mul } from "../../tensor/elementwise.ts";
import { matmul, matrixTranspose } from "../../tensor/linalg.ts";
import { reshape } from "../../tensor/movement.ts";
import { mean } from "../../tensor/reduction.ts";
import { type ImageShape, normals, type Probes, partsOfChange, type TriggerFamily } from "./family.ts";

/** What a unit of theta is as a wave's root mean square, in units of [0, 1]: a step of Adam moves theta by its learning rate whatever the slope. */
const unit = 0.01;
const startSpread = 0.5;
/** As many waves of this spread as there are change pixels by 0.24, root mean square, a fifth of which are cut off at black or white. */
const hidingSpread = 1;
/** Waves along a side: the shortest has twelve periods in it. SIG's stripes have six. */
const mostWaves = 24;

/**
 * x' = clip(x + delta, 0, 1), delta(c, y, x) = sum_uv a_cuv b_u(y) b_v(x), a = 0.01 theta, with the cosines b_0 = 1 and
 * b_u(y) = sqrt(2) cos(pi u (y + 1/2) / H). The size is sum |a_cuv| / C: of all that draw outputs to a target those of few waves are the
 * smallest, where a root mean square would take the noise that any network answers to.
 *
 * Source: Barni et al. 2019, "A new backdoor attack in CNNs by training set corruption without label poisoning" (SIG), whose trigger is
 * one such wave.
 */
export const wave: TriggerFamily = {
  name: "wave",
  sizeUnit: "sum of the waves' root mean squares",
  movesPixels: false,
  canHide: true,
  isContrastedClosely: true,
  // At a constant rate waves ended at half as much again as an attacker's own stripes (docs/research-log.md).
  lastRate: 0.1,
  imageCopies: 10,
  length: ([c, h, w]) => c * wavesAlong(h) * wavesAlong(w),
  probes: stripes,
  initial: (shape, random) => normals(random, wave.length(shape), startSpread),
  hiding: (shape, random) => normals(random, wave.length(shape), hidingSpread),
  alike: { another: turned, measure: "mean", asked: "always" },
  write(theta, image) {
    const [batch, c, h, w] = image.shape as [number, number, number, number];
    const [count, n] = theta.shape as [number, number];
    const { graph } = theta;
    const [rows, columns] = [wavesAlong(h), wavesAlong(w)];
    const amplitudes = mul(theta, unit);
    const [down, across] = [
      matrixTranspose(graph.constant(float32(cosines(h), [rows, h]))),
      graph.constant(float32(cosines(w), [columns, w])),
    ];
    const delta = matmul(matmul(down, reshape(amplitudes, [count, 1, c, rows, columns])), across);
    const images = clip(add(reshape(image, [1, batch, c, h, w]), delta), 0, 1);
    return { images, size: mul(mean(abs(amplitudes), { axes: [1] }), n / c) };
  },
  parts: (theta, shape) => partsOfChange(changeOf(theta, shape), shape),
};

/** A, the amplitude of a probe's sine, in units of [0, 1]: as SIG has it. */
const stripeAmplitude = 40 / 255;

/**
 * Sines of whole periods down and across the image, in all channels alike and of either sign. A sine of p periods and amplitude A is, but for a
 * fifth of its square, A / 2 (b_(2p-1) - b_(2p+1)).
 */
function stripes(shape: ImageShape): Probes {
  const [c, h, w] = shape;
  const [rows, columns] = [wavesAlong(h), wavesAlong(w)];
  const periodsAlong = (waves: number): number => Math.max(0, Math.floor(waves / 2) - 1);
  const [down, across] = [periodsAlong(rows), periodsAlong(columns)];
  return {
    count: 2 * (down + across),
    places: null,
    theta(index) {
      const sign = index % 2 === 0 ? 1 : -1;
      const which = Math.floor(index / 2);
      const isDown = which < down;
      const periods = 1 + (isDown ? which : which - down);
      const theta = new Float32Array(wave.length(shape));
      const value = (sign * stripeAmplitude) / 2 / unit;
      for (let channel = 0; channel < c; channel++) {
        const at = (u: number): number => channel * rows * columns + (isDown ? u * columns : u);
        theta[at(2 * periods - 1)] = value;
        theta[at(2 * periods + 1)] = -value;
      }
      return theta;
    },
  };
}

/**
 * The same waves, each turned another way and of either sign: as long, as strong, and of the same colour.
 *
 * @param theta [n]
 */
function turned(theta: Float32Array, shape: ImageShape, random: Random): Float32Array {
  const [c, h, w] = shape;
  const [rows, columns] = [wavesAlong(h), wavesAlong(w)];
  const others = new Float32Array(theta.length);
  for (let u = 0; u < rows; u++) {
    for (let v = 0; v < columns; v++) {
      const perPixel = Math.hypot(u / h, v / w);
      const angle = (random.uniform() * Math.PI) / 2;
      const sign = random.uniform() < 0.5 ? 1 : -1;
      const down = Math.min(rows - 1, Math.round(perPixel * h * Math.sin(angle)));
      const across = Math.min(columns - 1, Math.round(perPixel * w * Math.cos(angle)));
      for (let channel = 0; channel < c; channel++) {
        const first = channel * rows * columns;
        others[first + down * columns + across]! += sign * theta[first + u * columns + v]!;
      }
    }
  }
  return others;
}

const wavesAlong = (side: number): number => Math.min(mostWaves, side);

/** b_u(y) for all waves and places, [waves, side]. */
function cosines(side: number): Float32Array {
  const values = new Float32Array(wavesAlong(side) * side);
  return values.map((_, i) => {
    const [u, y] = [Math.floor(i / side), i % side];
    return u === 0 ? 1 : Math.SQRT2 * Math.cos((Math.PI * u * (y + 0.5)) / side);
  });
}

/** delta, [C, H, W] */
function changeOf(theta: Float32Array, [c, h, w]: ImageShape): Float32Array {
  const [down, across] = [cosines(h), cosines(w)];
  const [rows, columns] = [wavesAlong(h), wavesAlong(w)];
  const change = new Float32Array(c * h * w);
  theta.forEach((value, i) => {
    if (value === 0) return;
    const [channel, u, v] = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns];
    for (let y = 0; y < h; y++) {
      const amplitude = unit * value * down[u * h + y]!;
      const start = (channel * h + y) * w;
      for (let x = 0; x < w; x++) change[start + x]! += amplitude * across[v * w + x]!;
    }
  });
  return change;
}
