/** Adam (Kingma and Ba 2015) as a part of a program: state goes in, new state comes out. */
import { add, div, mul, pow, sqrt, square, sub } from "../tensor/elementwise.ts";
import type { Tensor } from "../tensor/graph.ts";

/** Settings of Adam. */
export interface AdamOptions {
  /** Decay of the mean of gradients. */
  readonly beta1: number;
  /** Decay of the mean of squared gradients. */
  readonly beta2: number;
  /** Keeps the quotient finite. */
  readonly epsilon: number;
}

/** The paper's own; 1e-8 as in the publication of Adam (Keras has 1e-7, PyTorch 1e-8). */
export const adamDefaults: AdamOptions = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** A parameter with its two running means, all of one shape. */
export interface AdamSlot {
  readonly parameter: Tensor;
  readonly m: Tensor;
  readonly v: Tensor;
}

/**
 * One step: m <- b1 m + (1 - b1) g, v <- b2 v + (1 - b2) g^2, p <- p - rate m^ / (sqrt(v^) + eps), where
 * m^ = m / (1 - b1^t), v^ = v / (1 - b2^t).
 *
 * @param slot the parameter before the step
 * @param gradient the gradient of the loss with respect to it
 * @param step t, a float scalar that is 1 at the first step
 * @param rate the learning rate, a float scalar or a number
 */
export function adamStep(
  { parameter, m, v }: AdamSlot,
  gradient: Tensor,
  step: Tensor,
  rate: Tensor | number,
  { beta1, beta2, epsilon }: AdamOptions = adamDefaults,
): AdamSlot {
  const newM = add(mul(m, beta1), mul(gradient, 1 - beta1));
  const newV = add(mul(v, beta2), mul(square(gradient), 1 - beta2));
  const meanHat = div(newM, sub(1, pow(scalarPower(step, beta1), step)));
  const varianceHat = div(newV, sub(1, pow(scalarPower(step, beta2), step)));
  const update = mul(div(meanHat, add(sqrt(varianceHat), epsilon)), rate);
  return { parameter: sub(parameter, update), m: newM, v: newV };
}

function scalarPower(step: Tensor, base: number): Tensor {
  return step.graph.constant({ dtype: "float32", dims: [], data: Float32Array.of(base) });
}
