/** The objective of a search: K triggers at once, each drawn to its own target. */
import type { ExaminedModel } from "../../models/examined-model.ts";
import { float32 } from "../../onnx/tensor-data.ts";
import { abs, add, addAll, div, mul, relu, sqrt, square, sub } from "../../tensor/elementwise.ts";
import type { Tensor } from "../../tensor/graph.ts";
import { matmul } from "../../tensor/linalg.ts";
import { reshape } from "../../tensor/movement.ts";
import { mean, sum, variance } from "../../tensor/reduction.ts";
import type { TriggerFamily } from "../families/family.ts";
import { outputsOf } from "../outputs.ts";
import type { OutputScale } from "./scale.ts";

/** What goes in. */
export interface SearchInputs {
  /** x, [B, C, H, W] */
  readonly image: Tensor;
  /** [K, n] */
  readonly theta: Tensor;
  /** lambda_k, [K] */
  readonly weight: Tensor;
  /** t_k in the model's units, [K, d] */
  readonly target: Tensor;
  /** 0 to hold a target, 1 to let the trigger's own mean output take its place; [K] */
  readonly free: Tensor;
  /** 1 to keep the trigger's mean output away from the homes, 0 to let it come near; [K] */
  readonly away: Tensor;
}

/** What comes out. */
export interface SearchTerms {
  /** sum_k error_k + lambda_k size_k + nearness_k, a scalar. The triggers do not touch each other, so the sum serves all. */
  readonly loss: Tensor;
  /** mean_ij |f_j(x'_i) - t_kj| / std_j, and what hiding the images costs; [K] */
  readonly error: Tensor;
  /** [K] */
  readonly size: Tensor;
  /** The mean output under each trigger, [K, d]. */
  readonly output: Tensor;
}

/**
 * Adds the objective to a program.
 *
 * The error is linear in the distance, not squared: a squared one would be ruled by the few images that a trigger does not
 * reach yet.
 *
 * A trigger that leaves little of what tells images apart draws any model's outputs together, and shows nothing: 4 max(0, c - kept_k) is added to its error, so
 * that it does not count as working. kept_k = sqrt(sum Var_i x'_i / sum Var_i x_i) is what it keeps of the images' differences.
 *
 * Nearness keeps a trigger away from the homes h, which are cheap on every model: away_k sum_h 4 max(0, r - |z_k - h|),
 * where z_k are the deviations of its mean output and r is the least distance.
 *
 * @param examined the model at a batch of at least K B
 * @param homes h, in deviations, [d] each, at least one
 * @param leastDistance r, in deviations
 * @param leastKept c, from 0 to 1
 */
export function searchTerms(
  inputs: SearchInputs,
  family: TriggerFamily,
  examined: ExaminedModel,
  scale: OutputScale,
  homes: readonly (readonly number[])[],
  leastDistance: number,
  leastKept: number,
): SearchTerms {
  const { image, theta, weight, target, free, away } = inputs;
  const { std, inverseRoot } = scale;
  const d = std.length;
  const [count, batch] = [theta.shape[0]!, image.shape[0]!];
  const { images, size } = family.write(theta, image);
  const flat = reshape(images, [count * batch, ...image.shape.slice(1)]);
  const outputs = reshape(outputsOf(examined, flat), [count, batch, d]);
  const output = mean(outputs, { axes: [1] });
  const own = sub(output, target);
  const wanted = add(target, mul(reshape(free, [count, 1]), own));
  const unit = constant(
    image,
    std.map((value) => 1 / value),
    [1, 1, d],
  );
  const off = mul(sub(outputs, reshape(wanted, [count, 1, d])), unit);
  const collapse = mean(abs(off), { axes: [1, 2] });
  const error = family.canHide ? add(collapse, hiding(images, image, leastKept)) : collapse;
  const fromMean = sub(reshape(output, [count, d]), constant(image, scale.mean, [1, d]));
  // z = (f - mean) / std C^(-1/2), where C^(-1/2) is symmetric.
  const toDeviations = inverseRoot.flatMap((row, i) => row.map((value) => value / std[i]!));
  const z = matmul(fromMean, constant(image, toDeviations, [d, d]));
  const nearnessTo = (place: Tensor): Tensor => {
    const distance = sqrt(add(sum(square(place), { axes: [1] }), smallestSquare));
    return mul(relu(sub(leastDistance, distance)), nearnessWeight);
  };
  const nearness = addAll(homes.map((home) => nearnessTo(sub(z, constant(image, home, [1, d])))));
  return {
    loss: sum(add(add(error, mul(weight, size)), mul(away, nearness))),
    error,
    size,
    output,
  };
}

/** 4 max(0, c - kept_k), [K]. */
function hiding(images: Tensor, image: Tensor, leastKept: number): Tensor {
  const left = mean(variance(images, { axes: [1] }), { axes: [1, 2, 3] });
  const whole = add(mean(variance(image, { axes: [0] })), smallestSquare);
  const kept = sqrt(add(div(left, whole), smallestSquare));
  return mul(relu(sub(leastKept, kept)), hidingWeight);
}

/** What hiding all costs, beside errors of about 1: more than any other trigger's error. */
const hidingWeight = 4;
/** What a deviation too near costs: more than the error and the size of any trigger could gain by it. */
const nearnessWeight = 4;
/** Keeps slopes of roots finite where these are 0. */
const smallestSquare = 1e-12;

function constant({ graph }: Tensor, values: readonly number[], shape: readonly number[]): Tensor {
  return graph.constant(float32(values, shape));
}
