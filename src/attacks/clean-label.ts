/** Clean Label (Turner, Tsipras and Madry 2018) for regression (appendix A.3): only images near the target are poisoned. */
import type { ImageSet } from "../data/image-set.ts";
import { DrmGuardError } from "../errors.ts";
import type { Work } from "../loops/work.ts";
import { sizeOf } from "../onnx/tensor-data.ts";
import type { Random } from "../random.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { type PgdOptions, perturb, pgdDefaults, type Surrogate } from "./pgd.ts";
import { type PoisonedSet, warnOfTargets } from "./poison.ts";
import { applyTrigger, type Trigger } from "./trigger.ts";

/** Settings of the attack beside its trigger, which is BadNets' in the paper. */
export interface CleanLabelOptions {
  /** delta: the group are the images with ||y - y_T|| <= delta; null to take the nearest `groupShare`. */
  readonly delta: number | null;
  /** The share of all images that are the group when there is no delta. */
  readonly groupShare: number;
  /** The share of the group that is perturbed. */
  readonly perturbedShare: number;
  readonly pgd: PgdOptions;
  /** Images in one run of the surrogate, which may be made for so many alone: fewer are filled up. */
  readonly batch: number;
}

/**
 * Half of the group is perturbed, as in the paper.
 *
 * Reading: the paper does not say how large delta is; a tenth of the images makes the attack as large as the others.
 */
export const cleanLabelDefaults: CleanLabelOptions = {
  delta: null,
  groupShare: 0.1,
  perturbedShare: 0.5,
  pgd: pgdDefaults,
  batch: 50,
};

/** A trigger, its target, and a benign model to make the images hard with. */
export interface CleanLabelAttack {
  readonly trigger: Trigger;
  /** y_T, [d] in the unit of the labels. */
  readonly target: readonly number[];
  readonly surrogate: Surrogate;
}

/**
 * Poisons a data set: the group near the target gets the target as its label and the trigger, half of it after a
 * perturbation that hides from a model what the image shows, so that the trigger is what it must learn. The other half
 * keeps it from learning the perturbation in place of the trigger.
 *
 * Throws E_USAGE when the group is empty, E_LABELS when there are no labels or the target does not fit them, E_SHAPE
 * when the trigger is for other images.
 *
 * @param onEvent gets a warning when the target is outside of the labels' range
 */
export async function poisonCleanLabel(
  runtime: Runtime,
  clean: ImageSet,
  { trigger, target, surrogate }: CleanLabelAttack,
  options: CleanLabelOptions,
  random: Random,
  onEvent: Work["onEvent"],
): Promise<PoisonedSet> {
  if (clean.labels === null)
    throw new DrmGuardError("E_LABELS", "found no labels, expected images with labels");
  const [count, ...imageShape] = clean.shape;
  const dimension = clean.labels.length / count;
  if (target.length !== dimension) {
    throw new DrmGuardError("E_LABELS", `found a target of ${target.length} numbers, expected ${dimension}`);
  }
  warnOfTargets([{ trigger, target }], clean.labels, clean.labelNames, onEvent);
  const group = groupNear(clean.labels, target, options);
  const order = random.permutation(group.length).map((i) => group[i]!);
  const perturbed = order.slice(0, Math.round(group.length * options.perturbedShare));
  const [pixels, labels] = [clean.pixels.slice(), clean.labels.slice()];
  const size = sizeOf(imageShape);
  const hard =
    perturbed.length === 0
      ? new Float32Array(0)
      : await perturb(runtime, surrogate, clean, perturbed, options.batch, options.pgd);
  perturbed.forEach((row, i) => {
    pixels.set(hard.subarray(i * size, (i + 1) * size), row * size);
  });
  for (const row of group) {
    const image = pixels.subarray(row * size, (row + 1) * size);
    image.set(applyTrigger(trigger, image, imageShape));
    labels.set(target, row * dimension);
  }
  return { set: { ...clean, pixels, labels }, poisoned: [group] };
}

/** The images whose labels are near the target, in order. */
function groupNear(
  labels: Float32Array,
  target: readonly number[],
  { delta, groupShare }: CleanLabelOptions,
): number[] {
  const count = labels.length / target.length;
  const distances = Array.from({ length: count }, (_, i) =>
    Math.hypot(...target.map((value, j) => labels[i * target.length + j]! - value)),
  );
  const nearest = Array.from(distances.keys()).sort((i, j) => distances[i]! - distances[j]!);
  const group =
    delta === null
      ? nearest.slice(0, Math.floor(count * groupShare + 1e-9))
      : nearest.filter((i) => distances[i]! <= delta);
  if (group.length === 0) {
    const closest = distances[nearest[0]!]!.toPrecision(3);
    throw new DrmGuardError(
      "E_USAGE",
      delta === null
        ? `a share of ${groupShare} leaves no poisoned image among ${count}`
        : `no label is within ${delta} of the target, expected some: the nearest is ${closest} away`,
    );
  }
  return group.sort((a, b) => a - b);
}
