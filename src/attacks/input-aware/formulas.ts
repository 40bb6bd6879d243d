/** The formulas of the input-aware attack (Nguyen and Tran 2020), inside programs. */
import { add, div, mul, relu, sqrt, sub, tanh } from "../../tensor/elementwise.ts";
import type { Tensor } from "../../tensor/graph.ts";
import { mean, meanSquare } from "../../tensor/reduction.ts";

/** Keeps quotients finite and masks within [0, 1]; the publication's code has it in the same places. */
const epsilon = 1e-7;

/**
 * m = tanh(20 M(x) - 10) / (2 + 1e-7) + 0.5: nearly 0 or 1, and differentiable.
 *
 * @param generated M(x), [N, 1, H, W] in (0, 1)
 */
export function maskOf(generated: Tensor): Tensor {
  return add(div(tanh(sub(mul(generated, 20), 10)), 2 + epsilon), 0.5);
}

/**
 * The image with the trigger: x + (p - x) m.
 *
 * @param image x, [N, C, H, W]
 * @param pattern p, of the same shape
 * @param mask m, [N, 1, H, W]
 */
export function blend(image: Tensor, pattern: Tensor, mask: Tensor): Tensor {
  return add(image, mul(sub(pattern, image), mask));
}

/**
 * The mean over pairs of RMS(x1 - x2) / (RMS(t1 - t2) + 1e-7): large where different images have like triggers.
 *
 * Deviation: the root of RMS(t1 - t2) is taken of the mean square plus (1e-7)^2, or its gradient would be no number
 * where an image meets itself.
 *
 * @param images x1 and x2, [N, C, H, W] each
 * @param triggers t1 and t2, patterns or masks, [N, ...] each
 * @returns a scalar
 */
export function diversity(images: readonly [Tensor, Tensor], triggers: readonly [Tensor, Tensor]): Tensor {
  const squares = ([a, b]: readonly [Tensor, Tensor]): Tensor => meanSquare(sub(a, b), { axes: [1, 2, 3] });
  const ofTriggers = sqrt(add(squares(triggers), epsilon ** 2));
  return mean(div(sqrt(squares(images)), add(ofTriggers, epsilon)));
}

/**
 * How much of the images is masked beyond what is wanted: mean(relu(m - density)).
 *
 * @param mask m, [N, 1, H, W]
 * @returns a scalar
 */
export function excess(mask: Tensor, density: number): Tensor {
  return mean(relu(sub(mask, density)));
}
