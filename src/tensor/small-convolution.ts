/** Convolutions of images that are smaller than the kernel: most taps meet padding. */
import { float32 } from "../onnx/tensor-data.ts";
import { type WindowOptions, windowedLength, windowOf } from "./convolution.ts";
import type { Tensor } from "./graph.ts";
import { matmul } from "./linalg.ts";
import { reshape, transpose } from "./movement.ts";

/**
 * The same as `conv` without groups and bias, as one product of matrices over channels and places together: a weight for every
 * pair of an input place and an output place, most of which are one tap of the kernel.
 *
 * Y[n, (m, q)] = sum_(c, p) X[n, (c, p)] W[m, c, tap(p, q)]
 *
 * It is faster where there are fewer places than taps, since no product with padding is left. Its gradients are products too.
 *
 * @param x [N, C, H, W]
 * @param w [M, C, kernel, kernel]
 * @returns [N, M, H', W']
 */
export function smallConvolution(x: Tensor, w: Tensor, options: WindowOptions = {}): Tensor {
  const [n, c, ...lengths] = x.shape as [number, number, number, number];
  const [m, , ...kernel] = w.shape as [number, number, number, number];
  const window = windowOf(kernel, options);
  const out = lengths.map((length, axis) => windowedLength(length, window, axis)) as [number, number];
  const [places, outPlaces, taps] = [lengths[0] * lengths[1], out[0] * out[1], kernel[0] * kernel[1]];
  const isTap = new Float32Array(taps * places * outPlaces);
  for (let tap = 0; tap < taps; tap++) {
    for (let q = 0; q < outPlaces; q++) {
      const at = [Math.floor(tap / kernel[1]), tap % kernel[1]];
      const from = [Math.floor(q / out[1]), q % out[1]];
      const [y, z] = at.map(
        (offset, axis) =>
          from[axis]! * window.strides[axis]! + offset * window.dilations[axis]! - window.pads[axis]!,
      ) as [number, number];
      if (y < 0 || z < 0 || y >= lengths[0] || z >= lengths[1]) continue;
      isTap[(tap * places + y * lengths[1] + z) * outPlaces + q] = 1;
    }
  }
  const choice = x.graph.constant(float32(isTap, [taps, places * outPlaces]));
  const chosen = reshape(matmul(reshape(w, [m * c, taps]), choice), [m, c, places, outPlaces]);
  const matrix = reshape(transpose(chosen, [1, 2, 0, 3]), [c * places, m * outPlaces]);
  return reshape(matmul(reshape(x, [n, c * places]), matrix), [n, m, ...out]);
}
