/** Stochastic gradient descent with momentum as a part of a program. */
import { add, mul, sub } from "../tensor/elementwise.ts";
import type { Tensor } from "../tensor/graph.ts";

/** Settings of SGD. */
export interface SgdOptions {
  /** How much of the last velocity is kept. */
  readonly momentum: number;
  /** lambda of the penalty lambda / 2 ||p||^2, on every parameter. */
  readonly weightDecay: number;
}

/** What the attacks' publications train their models with. */
export const sgdDefaults: SgdOptions = { momentum: 0.9, weightDecay: 5e-4 };

/** A parameter with its velocity, of one shape. */
export interface SgdSlot {
  readonly parameter: Tensor;
  readonly velocity: Tensor;
}

/**
 * One step: v <- momentum v + g + lambda p, p <- p - rate v (PyTorch's form, in which the rate is outside of v).
 *
 * @param slot the parameter before the step; a velocity of zeros before the first
 * @param gradient the gradient of the loss with respect to it
 * @param rate the learning rate, a float scalar or a number
 */
export function sgdStep(
  { parameter, velocity }: SgdSlot,
  gradient: Tensor,
  rate: Tensor | number,
  { momentum, weightDecay }: SgdOptions = sgdDefaults,
): SgdSlot {
  const decayed = weightDecay === 0 ? gradient : add(gradient, mul(parameter, weightDecay));
  const next = add(mul(velocity, momentum), decayed);
  return { parameter: sub(parameter, mul(next, rate)), velocity: next };
}
