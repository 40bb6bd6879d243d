/** A model under examination: put inside programs with its preprocessing, and split into F and H. */
import { DrmGuardError } from "../errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { arccos, clip, div, maximum, mul } from "../tensor/elementwise.ts";
import { elements, type Tensor } from "../tensor/graph.ts";
import { matmul, matrixTranspose } from "../tensor/linalg.ts";
import { concat, reshape, slice } from "../tensor/movement.ts";
import { l2Norm } from "../tensor/reduction.ts";
import { range } from "../tensor/shape.ts";
import type { ImportedModel } from "./import.ts";
import { inline } from "./inline.ts";
import { instantiate, type ModelInstance } from "./instance.ts";
import { inputShapeFor, type Preprocessing, preprocess } from "./preprocessing.ts";
import { type Head, type ModelSplit, type SplitOptions, splitModel } from "./split.ts";

/** A model at one batch size, ready to be put inside programs. */
export interface ExaminedModel {
  /** Images in a batch; a multiple of the instance's own batch when the file is fixed to a smaller one. */
  readonly batch: number;
  readonly instance: ModelInstance;
  readonly split: ModelSplit;
  readonly preprocessing: Preprocessing;
}

/** What a model makes of images in a program. */
export interface Examination {
  /** f(x), [N, d] */
  readonly outputs: Tensor;
  /** F(x) of each head, [N, m] */
  readonly features: readonly Tensor[];
  /** The angle between F(x_i) and w_j in radians, [N, rows of all heads]; null where it is taken without a last dense layer. */
  readonly angles: Tensor | null;
}

/**
 * Makes a model ready for images of one shape.
 *
 * Throws what {@link instantiate} and {@link splitModel} throw, and E_MODEL_INPUT when the model fixes another size.
 *
 * @param shape [N, C, H, W]
 */
export async function examine(
  runtime: Runtime,
  model: ImportedModel,
  preprocessing: Preprocessing,
  shape: readonly [number, number, number, number],
  options: SplitOptions,
): Promise<ExaminedModel> {
  const inputShape = inputShapeFor(shape, preprocessing);
  assertInputFits(model, inputShape, preprocessing.layout);
  const instance = await instantiate(runtime, model, inputShape);
  return { batch: shape[0], instance, split: splitModel(instance, options), preprocessing };
}

/** Throws E_MODEL_INPUT when images do not have the size or channels that the file fixes. */
export function assertInputFits(
  model: ImportedModel,
  inputShape: readonly number[],
  layout: Preprocessing["layout"],
): void {
  const wanted = model.input.shape ?? [];
  const misfit = wanted.some((dim, axis) => axis > 0 && typeof dim === "number" && dim !== inputShape[axis]);
  if (!misfit) return;
  const axes = layout === "nhwc" ? ["N", "H", "W", "C"] : ["N", "C", "H", "W"];
  const text = (shape: readonly (number | string | null)[]): string =>
    `[${shape.map((dim) => dim ?? "?").join(", ")}]`;
  throw new DrmGuardError(
    "E_MODEL_INPUT",
    `images as ${axes.join(", ")} are ${text(inputShape)}, the model's input ${model.input.name} is ${text(wanted)}`,
    { hint: "--size resizes images, --layout and --channels say how the model takes them" },
  );
}

/**
 * Adds f, F and the angles of Eq. 3 to a program.
 *
 * @param image [N, C, H, W] in [0, 1]
 * @param weights tensors to use instead of weights of these names
 */
export function applyModel(
  { batch, instance, split, preprocessing }: ExaminedModel,
  image: Tensor,
  weights?: ReadonlyMap<string, Tensor>,
): Examination {
  const own = instance.inputShape[0]!;
  const input = preprocess(image, preprocessing);
  const parts = range(batch / own).map((k) =>
    slice(input, [{ axis: 0, start: k * own, end: (k + 1) * own }]),
  );
  const inlined = parts.map((part) => inline(instance, part, weights).tensors);
  const flat = (name: string): Tensor => {
    const rows = inlined.map((tensors) => {
      const tensor = tensors.get(name)!;
      return reshape(tensor, [own, elements(tensor) / own]);
    });
    return concat(rows, 0);
  };
  const features = split.heads.map((head) => flat(head.feature));
  const angles = split.heads.map((head, k) =>
    featureAngles(features[k]!, rowsOf(head, inlined[0]!.get(head.weight)!)),
  );
  return {
    outputs: concat(split.outputs.map(flat), 1),
    features,
    angles: angles.length === 0 ? null : concat(angles, 1),
  };
}

/** The rows w_j of a head, [rows, m]. */
function rowsOf(head: Head, weight: Tensor): Tensor {
  if (head.layout === "rows") return reshape(weight, [head.rows, head.width]);
  return matrixTranspose(reshape(weight, [head.width, head.rows]));
}

/** Cosines are kept this far inside of [-1, 1], where arccos has no finite slope (reference value: 707 there). */
const cosineMargin = 1e-6;
/** Keeps the angle of a feature vector of zeros defined. */
const smallestNorm = 1e-8;

/**
 * angle(h_i, w_j) = arccos(h_i . w_j / (||h_i|| ||w_j||)), in radians (Eq. 2 and 3).
 *
 * Reading: the paper prints arccos(h . w) / (norms); the cosine is meant.
 *
 * @param features [N, m]
 * @param rows [k, m]
 * @returns [N, k]
 */
export function featureAngles(features: Tensor, rows: Tensor): Tensor {
  const norm = (x: Tensor): Tensor => maximum(l2Norm(x, { axes: [1], keepDims: true }), smallestNorm);
  const products = matmul(features, matrixTranspose(rows));
  const norms = mul(norm(features), reshape(norm(rows), [1, rows.shape[0]!]));
  return arccos(clip(div(products, norms), -1 + cosineMargin, 1 - cosineMargin));
}
