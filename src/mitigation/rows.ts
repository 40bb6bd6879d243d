/** What a step of a fine-tuning sees: rows of clean images and of images under triggers, each varied a little. */
import type { ImageShape } from "../identification/families/family.ts";
import { batchAt, rowsOf } from "../loops/batches.ts";
import { float32, type TensorData } from "../onnx/tensor-data.ts";
import { createRandom, type Random } from "../random.ts";
import type { ImagesUnderTriggers, MitigationSetup } from "./mitigation.ts";
import type { FineTuningOptions } from "./options.ts";
import { underTriggersLike } from "./trigger-variety.ts";
import type { PerturbedTrigger } from "./universal-perturbation.ts";

/** The rows of one step. */
export interface BatchRows {
  /** Clean images and images under triggers, varied, [B, C, H, W]. */
  readonly image: TensorData;
  /** The same images without triggers, varied in the same way. */
  readonly origin: TensorData;
  /** y, [B, d] */
  readonly labels: TensorData;
  /** The part of each row's wanted output that is what the model said of its origin before, [B]. */
  readonly teacher: readonly number[];
  /** The trigger whose perturbation each row is to have, [B]. */
  readonly perturbed: readonly PerturbedTrigger[];
}

/** What the rows are for. */
export interface RowsPlan {
  /** Images of a step. */
  readonly size: number;
  /** The name of the training, which draws go by. */
  readonly phase: string;
  /** Whether half of the rows are under triggers. */
  readonly hasTriggers: boolean;
  /** Whether trigger k has a perturbation. */
  readonly isPerturbed: readonly boolean[];
}

/**
 * The rows of each step: a function of the step alone, so that a resumed training sees the same ones.
 *
 * Triggers take turns, row by row. The part `variety` of the turns of one that can be moved is under others like it, evenly between the turns in which it is itself; where it has a perturbation it has it in these.
 *
 * @param mirrored where some rows are to be mirrored
 */
export function batchRows(
  { seed, training, isMovable }: Pick<MitigationSetup, "seed" | "training" | "isMovable">,
  mirrored: ImagesUnderTriggers | null,
  { size, phase, hasTriggers, isPerturbed }: RowsPlan,
  options: FineTuningOptions,
): (step: number) => BatchRows {
  const { clean, labels } = training;
  const [count, c, h, w] = clean.shape;
  const imageShape: ImageShape = [c, h, w];
  const d = labels.length / count;
  const triggers = training.triggered.length;
  const ofTriggers = hasTriggers && triggers > 0 ? Math.floor(size / 2) : 0;
  const random = createRandom(seed).fork(phase);
  const [forClean, forTriggered] = [random.fork("clean"), random.fork("triggered")];
  const each = c * h * w;
  return (step) => {
    const cleanRows = batchAt(step, count, size - ofTriggers, forClean);
    const triggeredRows = ofTriggers === 0 ? [] : batchAt(step, count, ofTriggers, forTriggered);
    const draw = random.fork(`variants ${step}`);
    const rows = [...cleanRows, ...triggeredRows].map((index, i) => {
      const mirror = draw.uniform() < options.mirror ? mirrored : null;
      const strength = 1 + options.strength * (2 * draw.uniform() - 1);
      const k = i - cleanRows.length;
      // They go on from step to step, also where there are more triggers than rows.
      const order = step * ofTriggers + k;
      const trigger = k < 0 ? null : order % triggers;
      const teacher = mirror !== null ? 1 : trigger === null ? options.cleanTeacher : options.teacher;
      const { clean: origin, triggered } = mirror ?? training;
      const row = (pixels: Float32Array): Float32Array => pixels.subarray(index * each, (index + 1) * each);
      const before = row(origin.pixels);
      if (trigger === null) return { image: before, origin: before, teacher, perturbed: null };
      const under = row(triggered[trigger]!);
      const turn = Math.floor(order / triggers);
      if (isMovable[trigger] && isOther(turn, options.variety)) {
        const image = underTriggersLike(before, under, imageShape, draw);
        return { image, origin: before, teacher, perturbed: null };
      }
      const perturbed = isPerturbed[trigger] ? trigger : null;
      return { image: changed(before, under, strength), origin: before, teacher, perturbed };
    });
    const stack = (images: readonly Float32Array[]): TensorData =>
      stacked(images, imageShape, random.fork(`augmentation ${step}`), options);
    return {
      image: stack(rows.map(({ image }) => image)),
      origin: stack(rows.map(({ origin }) => origin)),
      labels: rowsOf(labels, [d], [...cleanRows, ...triggeredRows]),
      teacher: rows.map(({ teacher }) => teacher),
      perturbed: rows.map(({ perturbed }) => perturbed),
    };
  };
}

/** Whether a turn is among the part of all turns that is asked for, which is spread evenly over them. */
function isOther(turn: number, part: number): boolean {
  return Math.floor((turn + 1) * part) > Math.floor(turn * part);
}

/** An image under a trigger of another strength: what it changes is so many times as large, and colours stay in [0, 1]. */
function changed(origin: Float32Array, triggered: Float32Array, strength: number): Float32Array {
  if (strength === 1) return triggered;
  return triggered.map((value, k) => Math.min(1, Math.max(0, origin[k]! + strength * (value - origin[k]!))));
}

function stacked(
  images: readonly Float32Array[],
  imageShape: ImageShape,
  random: Random,
  options: FineTuningOptions,
): TensorData {
  const [c, h, w] = imageShape;
  const size = c * h * w;
  const data = new Float32Array(images.length * size);
  images.forEach((image, i) => {
    data.set(varied(image, imageShape, random, options), i * size);
  });
  return float32(data, [images.length, ...imageShape]);
}

/** An image moved by a few pixels, its border drawn out, and brighter or darker; no label depends on either. */
function varied(
  image: Float32Array,
  [c, h, w]: ImageShape,
  random: Random,
  { shift, gain }: FineTuningOptions,
): Float32Array {
  if (shift === 0 && gain === 0) return image;
  const offset = (side: number): number => {
    const most = Math.round(shift * side);
    return random.integer(2 * most + 1) - most;
  };
  const [dy, dx] = [offset(h), offset(w)];
  const factor = 1 + gain * (2 * random.uniform() - 1);
  const result = new Float32Array(image.length);
  const within = (place: number, length: number): number => Math.min(length - 1, Math.max(0, place));
  for (let k = 0; k < c; k++) {
    for (let y = 0; y < h; y++) {
      const row = (k * h + within(y + dy, h)) * w;
      for (let x = 0; x < w; x++) {
        const value = factor * image[row + within(x + dx, w)]!;
        result[(k * h + y) * w + x] = value > 1 ? 1 : value;
      }
    }
  }
  return result;
}
