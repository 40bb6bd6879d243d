/** The attention map T of Eq. 7. */
import { vectorJacobianProduct } from "../../autodiff/grad.ts";
import { abs, add, addAll, div, full, mul, scalarLike } from "../../tensor/elementwise.ts";
import type { Tensor } from "../../tensor/graph.ts";
import { expand, slice } from "../../tensor/movement.ts";
import { max, sum } from "../../tensor/reduction.ts";
import type { PaperOptions } from "./options.ts";

/** Keeps T below 1, and defined where the gradient is 0 everywhere. */
const divisor = { slack: 1 + 1e-6, smallest: 1e-30 };

/**
 * T(x)[a, b] = sum_c |df / dx[a, b, c]|, divided by a number larger than its maximum over the image (Eq. 7).
 *
 * @param image [N, C, H, W]
 * @param outputs f(x), [N, d]
 * @returns [N, 1, H, W] in [0, 1)
 */
export function attentionMap(image: Tensor, outputs: Tensor, kind: PaperOptions["attention"]): Tensor {
  const [n, , h, w] = image.shape as [number, number, number, number];
  if (kind === "none") return full(image.graph, [n, 1, h, w], 0);
  const gradients =
    kind === "summed"
      ? [gradientOf(outputs, image)]
      : eachComponent(outputs).map((y) => gradientOf(y, image));
  const magnitude = sum(addAll(gradients.map(abs)), { axes: [1], keepDims: true });
  const largest = max(magnitude, { axes: [1, 2, 3], keepDims: true });
  return div(magnitude, add(mul(largest, divisor.slack), scalarLike(image, divisor.smallest)));
}

function gradientOf(outputs: Tensor, image: Tensor): Tensor {
  const ones = expand(full(outputs.graph, [1, 1], 1), outputs.shape);
  return vectorJacobianProduct([outputs], [ones], [image])[0]!;
}

function eachComponent(outputs: Tensor): Tensor[] {
  return Array.from({ length: outputs.shape[1]! }, (_, j) =>
    slice(outputs, [{ axis: 1, start: j, end: j + 1 }]),
  );
}
