/** What a step of a fine-tuning sees: rows of clean images and of images under triggers, each varied a little. */
import { batchAt, rowsOf } from "../loops/batches.ts";
import { float32, type TensorData } from "../onnx/tensor-data.ts";
import { createRandom, type Random } from "../random.ts";
import type { MitigationSetup } from "./mitigation.ts";
import type { FineTuningOptions } from "./options.ts";

/** The rows of one step. */
export interface BatchRows {
  /** Clean images and images under triggers, varied, [B, C, H, W]. */
  readonly image: TensorData;
  /** The same images without triggers, varied in the same way. */
  readonly origin: TensorData;
  /** y, [B, d] */
  readonly labels: TensorData;
}

/** The rows of each step: a function of the step alone, so that a resumed training sees the same ones. */
export function batchRows(
  { seed, training }: MitigationSetup,
  size: number,
  { phase, hasTriggers }: { readonly phase: string; readonly hasTriggers: boolean },
  options: FineTuningOptions,
): (step: number) => BatchRows {
  const { clean, labels, triggered } = training;
  const [count, ...imageShape] = clean.shape;
  const d = labels.length / count;
  const ofTriggers = hasTriggers && triggered.length > 0 ? Math.floor(size / 2) : 0;
  const random = createRandom(seed).fork(phase);
  const [forClean, forTriggered] = [random.fork("clean"), random.fork("triggered")];
  return (step) => {
    const cleanRows = batchAt(step, count, size - ofTriggers, forClean);
    const triggeredRows = ofTriggers === 0 ? [] : batchAt(step, count, ofTriggers, forTriggered);
    const images = [
      ...cleanRows.map((index) => ({ pixels: clean.pixels, index })),
      // Triggers take turns, also where there are more of them than rows.
      ...triggeredRows.map((index, i) => ({
        pixels: triggered[(step * ofTriggers + i) % triggered.length]!,
        index,
      })),
    ];
    const origins = images.map(({ index }) => ({ pixels: clean.pixels, index }));
    const stack = (each: typeof images): TensorData =>
      stacked(each, imageShape, random.fork(`augmentation ${step}`), options);
    return {
      image: stack(images),
      origin: stack(origins),
      labels: rowsOf(labels, [d], [...cleanRows, ...triggeredRows]),
    };
  };
}

function stacked(
  images: readonly { readonly pixels: Float32Array; readonly index: number }[],
  imageShape: readonly number[],
  random: Random,
  options: FineTuningOptions,
): TensorData {
  const size = imageShape.reduce((a, b) => a * b, 1);
  const data = new Float32Array(images.length * size);
  images.forEach(({ pixels, index }, i) => {
    const image = pixels.subarray(index * size, (index + 1) * size);
    data.set(varied(image, imageShape as [number, number, number], random, options), i * size);
  });
  return float32(data, [images.length, ...imageShape]);
}

/** An image moved by a few pixels, its border drawn out, and brighter or darker; no label depends on either. */
function varied(
  image: Float32Array,
  [c, h, w]: readonly [number, number, number],
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
