/** Triggers that bend the image: one smooth displacement of all pixels. */
import { int, string } from "../../onnx/model.ts";
import { float32, int64 } from "../../onnx/tensor-data.ts";
import { add, mul, tanh } from "../../tensor/elementwise.ts";
import type { Graph, Tensor } from "../../tensor/graph.ts";
import { expand, reshape, transpose } from "../../tensor/movement.ts";
import { normals, rootMeanSquare, type TriggerFamily } from "./family.ts";

/** Knots of the displacement field along each side: fine enough for WaNet's 4 x 4 grid, too coarse to scramble pixels. */
const knots = 10;
/** The largest displacement of a knot as a part of the image's side: 3 px at 64 px. */
const largestShift = 3 / 64;
const startSpread = 0.05;

/**
 * x'(p) = x(p + s(p)): s is a field of k x k knots, at most {@link largestShift} of the side along each axis through tanh,
 * drawn out to H x W linearly; x is read bilinearly, and beyond the border as on it. The size is the root mean
 * square of the knots' displacement in units of the largest.
 *
 * Source: Nguyen and Tran 2021, "WaNet", whose field is bicubic; linear interpolation of more knots comes near it.
 */
export const warp: TriggerFamily = {
  name: "warp",
  sizeUnit: "root mean square displacement over the largest",
  movesPixels: true,
  canHide: false,
  isContrastedClosely: false,
  probes: () => null,
  lastRate: 1,
  imageCopies: 40,
  length: () => 2 * knots * knots,
  initial: (_, random) => normals(random, 2 * knots * knots, startSpread),
  hiding: null,
  alike: null,
  write(theta, image) {
    const [batch, c, h, w] = image.shape as [number, number, number, number];
    const count = theta.shape[0]!;
    const { graph } = image;
    const field = tanh(reshape(theta, [count, 2, knots, knots]));
    const grid = add(identityGrid(graph, h, w), mul(drawnOut(field, h, w), gridScale(graph, h, w)));
    const perImage = expand(reshape(transpose(grid, [0, 2, 3, 1]), [count, 1, h, w, 2]), [
      count,
      batch,
      h,
      w,
      2,
    ]);
    const copies = expand(reshape(image, [1, batch, c, h, w]), [count, batch, c, h, w]);
    const flat = [reshape(copies, [count * batch, c, h, w]), reshape(perImage, [count * batch, h, w, 2])];
    const sampled = graph.emit("GridSample", flat, [{ shape: [count * batch, c, h, w] }], {
      mode: string("linear"),
      padding_mode: string("border"),
      align_corners: int(1),
    })[0]!;
    return { images: reshape(sampled, [count, batch, c, h, w]), size: rootMeanSquare(field) };
  },
  parts(theta, [, h, w]) {
    const inPixels = (values: Float32Array, side: number): Float32Array =>
      values.map((value) => largestShift * side * Math.tanh(value));
    const count = knots * knots;
    return {
      pictures: [],
      displacement: {
        side: knots,
        x: inPixels(theta.subarray(0, count), w),
        y: inPixels(theta.subarray(count, 2 * count), h),
      },
    };
  },
};

/** The field at every pixel, [K, 2, H, W]; the outer knots lie on the outer pixels. */
function drawnOut(field: Tensor, h: number, w: number): Tensor {
  const shape = [field.shape[0]!, 2, h, w];
  return field.graph.emit("Resize", [field, null, null, field.graph.constant(int64(shape))], [{ shape }], {
    mode: string("linear"),
    coordinate_transformation_mode: string("align_corners"),
  })[0]!;
}

/** The place of every pixel in GridSample's units, -1 to 1 from the first to the last, [1, 2, H, W]; x before y. */
function identityGrid(graph: Graph, h: number, w: number): Tensor {
  const places = new Float32Array(2 * h * w);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      places[y * w + x] = (2 * x) / Math.max(1, w - 1) - 1;
      places[(h + y) * w + x] = (2 * y) / Math.max(1, h - 1) - 1;
    }
  }
  return graph.constant(float32(places, [1, 2, h, w]));
}

/** From displacements in units of the largest to GridSample's units, [1, 2, 1, 1]. */
function gridScale(graph: Graph, h: number, w: number): Tensor {
  const scale = (side: number): number => (2 * largestShift * side) / Math.max(1, side - 1);
  return graph.constant(float32([scale(w), scale(h)], [1, 2, 1, 1]));
}
