/** Triggers that add one perturbation to all images: noise, waves, a faint overlay. */
import { add, clip, mul, sub } from "../../tensor/elementwise.ts";
import { reshape } from "../../tensor/movement.ts";
import { normals, partsOfChange, rootMeanSquare, type TriggerFamily } from "./family.ts";

/**
 * What a unit of theta changes a pixel by. A step of Adam moves theta by its learning rate whatever the slope, and what that moves pixels
 * by is the least that a trigger comes down to: with half of the range from black to white a benign model's costs were all the same.
 */
const unit = 0.1;
const startSpread = 0.05;

/**
 * x' = clip(x + delta, 0, 1) with delta = 0.1 theta. The size is the root mean square of x' - x, in units of [0, 1].
 */
export const additive: TriggerFamily = {
  name: "additive",
  sizeUnit: "root mean square of the change",
  movesPixels: false,
  canHide: true,
  isContrastedClosely: false,
  probes: () => null,
  lastRate: 1,
  imageCopies: 10,
  length: ([c, h, w]) => c * h * w,
  initial: (shape, random) => normals(random, additive.length(shape), startSpread),
  hiding: null,
  alike: null,
  write(theta, image) {
    const [batch, c, h, w] = image.shape as [number, number, number, number];
    const x = reshape(image, [1, batch, c, h, w]);
    const delta = mul(reshape(theta, [theta.shape[0]!, 1, c, h, w]), unit);
    const images = clip(add(x, delta), 0, 1);
    return { images, size: rootMeanSquare(sub(images, x)) };
  },
  parts: (theta, shape) =>
    partsOfChange(
      theta.map((value) => unit * value),
      shape,
    ),
};
