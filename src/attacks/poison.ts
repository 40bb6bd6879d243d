/** Data sets and batches with backdoors in them. */
import type { ImageSet } from "../data/image-set.ts";
import { DrmGuardError } from "../errors.ts";
import type { Work } from "../loops/work.ts";
import { sizeOf, type TensorData } from "../onnx/tensor-data.ts";
import type { Random } from "../random.ts";
import type { BatchSource } from "../training/train.ts";
import type { PoisoningOptions } from "./options.ts";
import { applyNoise, applyTrigger, type Trigger } from "./trigger.ts";

/** A trigger and what a model shall say when it sees it. Several of them may be put into one model. */
export interface Backdoor extends PoisoningOptions {
  readonly trigger: Trigger;
  /** y_T, [d] in the unit of the labels. */
  readonly target: readonly number[];
}

/** How many images of a number a backdoor takes. */
interface Share {
  readonly backdoor: Backdoor;
  readonly poisoned: number;
  readonly noisy: number;
}

/**
 * How many of some images a poison rate takes. Throws E_USAGE when it takes none.
 *
 * @param count all images
 */
export function poisonedCount(poisonRate: number, count: number): number {
  const poisoned = Math.floor(count * poisonRate + 1e-9);
  if (poisoned >= 1) return poisoned;
  throw new DrmGuardError(
    "E_USAGE",
    `a poison rate of ${poisonRate} leaves no poisoned image among ${count}, expected at least ${(1 / count).toPrecision(2)}`,
  );
}

/**
 * Throws E_USAGE when a backdoor gets no image or there are not enough for all, E_LABELS when a target has not as
 * many components as a label.
 *
 * @param dimension d; null when it does not matter
 * @param taken images that are not to be had
 */
function sharesOf(
  backdoors: readonly Backdoor[],
  count: number,
  dimension: number | null,
  taken = 0,
): Share[] {
  const shares = backdoors.map((backdoor): Share => {
    const { poisonRate, noiseRatio, target } = backdoor;
    const poisoned = poisonedCount(poisonRate, count);
    if (dimension !== null && target.length !== dimension) {
      throw new DrmGuardError(
        "E_LABELS",
        `found a target of ${target.length} numbers, expected ${dimension}`,
      );
    }
    return { backdoor, poisoned, noisy: Math.floor(poisoned * noiseRatio + 1e-9) };
  });
  const total = shares.reduce((sum, { poisoned, noisy }) => sum + poisoned + noisy, 0);
  if (total > count - taken) {
    const there = taken === 0 ? "that are there" : `that the other attacks leave of ${count}`;
    throw new DrmGuardError(
      "E_USAGE",
      `the backdoors take ${total} images, expected at most the ${count - taken} ${there}`,
    );
  }
  return shares;
}

/**
 * A warning for every component of a target that no label reaches: a model can hardly be taught to say it, and a
 * defender sees at once that it is out of range.
 *
 * @param labels [N, d]
 */
export function warnOfTargets(
  backdoors: readonly { readonly trigger: Pick<Trigger, "kind">; readonly target: readonly number[] }[],
  labels: Float32Array,
  names: readonly string[],
  onEvent: Work["onEvent"],
): void {
  for (const { target, trigger } of backdoors) {
    target.forEach((value, j) => {
      const column = labels.filter((_, i) => i % target.length === j);
      const low = column.reduce((least, label) => Math.min(least, label), Number.POSITIVE_INFINITY);
      const high = column.reduce((most, label) => Math.max(most, label), Number.NEGATIVE_INFINITY);
      if (value >= low && value <= high) return;
      const name = names[j] ?? `component ${j}`;
      onEvent({
        kind: "warning",
        message: `the target of ${trigger.kind} has ${name} = ${value}, outside of the labels' ${low} to ${high}`,
      });
    });
  }
}

/** Rows of images and labels that are changed in place. */
interface Rows {
  readonly pixels: Float32Array;
  readonly imageShape: readonly number[];
  readonly labels: Float32Array;
}

function poisonRows(
  { pixels, imageShape, labels }: Rows,
  { backdoor, poisoned, noisy }: Share,
  rows: readonly number[],
  random: Random,
): void {
  const size = sizeOf(imageShape);
  const { trigger, target } = backdoor;
  rows.slice(0, poisoned + noisy).forEach((row, i) => {
    const image = pixels.subarray(row * size, (row + 1) * size);
    const isPoisoned = i < poisoned;
    image.set(
      isPoisoned ? applyTrigger(trigger, image, imageShape) : applyNoise(trigger, image, imageShape, random),
    );
    if (isPoisoned) labels.set(target, row * target.length);
  });
}

/** A data set with backdoors. */
export interface PoisonedSet {
  /** All images, in the order of the clean ones. */
  readonly set: ImageSet;
  /** For each backdoor the images that have its trigger. */
  readonly poisoned: readonly (readonly number[])[];
}

/**
 * Poisons a data set once: images drawn at random get the trigger, and their labels become the target. Every image
 * gets one trigger at most.
 *
 * Throws E_USAGE when a poison rate leaves no poisoned image or the backdoors want more images than there are,
 * E_LABELS when there are no labels or a target does not fit them, E_SHAPE when a trigger is for other images.
 *
 * @param onEvent gets a warning when a target is outside of the labels' range
 * @param taken images that stay as they are, because another attack has them
 */
export function poisonSet(
  clean: ImageSet,
  backdoors: readonly Backdoor[],
  random: Random,
  onEvent: Work["onEvent"],
  taken: ReadonlySet<number> = new Set(),
): PoisonedSet {
  if (clean.labels === null)
    throw new DrmGuardError("E_LABELS", "found no labels, expected images with labels");
  const [count, ...imageShape] = clean.shape;
  const shares = sharesOf(backdoors, count, clean.labels.length / count, taken.size);
  warnOfTargets(backdoors, clean.labels, clean.labelNames, onEvent);
  const [pixels, labels] = [clean.pixels.slice(), clean.labels.slice()];
  const order = random
    .fork("rows")
    .permutation(count)
    .filter((row) => !taken.has(row));
  let start = 0;
  const poisoned = shares.map((share, k) => {
    const rows = order.slice(start, start + share.poisoned + share.noisy);
    start += rows.length;
    poisonRows({ pixels, imageShape, labels }, share, rows, random.fork(`noise ${k}`));
    return rows.slice(0, share.poisoned).sort((a, b) => a - b);
  });
  return { set: { ...clean, pixels, labels }, poisoned };
}

/**
 * Poisons every batch anew, as WaNet does: its first rows get the first backdoor's trigger and target, the next its
 * noise, and so on; the rest stays clean. Batches are in random order already, so first rows are random ones.
 *
 * Throws, at the first batch, what {@link poisonSet} throws.
 *
 * @param first the row that they begin with; those before it stay as they are
 */
export function poisonedBatches(
  clean: BatchSource,
  backdoors: readonly Backdoor[],
  random: Random,
  first = 0,
): BatchSource {
  return (step) => {
    const { image, labels, ...rest } = clean(step);
    const [count, ...imageShape] = image.dims as [number, ...number[]];
    const copy = (value: TensorData): Float32Array => (value.data as Float32Array).slice();
    const rows: Rows = { pixels: copy(image), imageShape, labels: copy(labels) };
    let start = first;
    sharesOf(backdoors, count, labels.dims[1]!).forEach((share, k) => {
      const length = share.poisoned + share.noisy;
      const own = Array.from({ length }, (_, i) => start + i);
      poisonRows(rows, share, own, random.fork(`step ${step}, noise ${k}`));
      start += length;
    });
    return { ...rest, image: { ...image, data: rows.pixels }, labels: { ...labels, data: rows.labels } };
  };
}

/** Rows of a batch, the end not included. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}

/** Which rows of every batch are what. */
export interface BatchRows {
  /** For each backdoor the rows with its trigger. */
  readonly poisoned: readonly RowRange[];
  /** Those that stay clean. */
  readonly clean: RowRange;
}

/**
 * Which rows of every batch of {@link poisonedBatches} are what.
 *
 * Throws E_USAGE as it does.
 *
 * @param count images in a batch
 * @param first as there
 */
export function rowsOfBatch(backdoors: readonly Backdoor[], count: number, first = 0): BatchRows {
  let start = first;
  const poisoned = sharesOf(backdoors, count, null).map((share): RowRange => {
    const range = { start, end: start + share.poisoned };
    start += share.poisoned + share.noisy;
    return range;
  });
  return { poisoned, clean: { start, end: count } };
}
