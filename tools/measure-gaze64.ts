/**
 * RE, AE and DAE of a gaze model under the true trigger of a folder of models that were trained with PyTorch, on the test images there.
 *
 * Run: npx tsx tools/measure-gaze64.ts FOLDER badnets|wanet MODEL.onnx
 *
 * The folder holds test/ with a labels.csv, models.json with the targets in radians, and wanet-grid.npy, where the warp samples: [H, W, 2], x and y in [-1, 1], corners
 * aligned. The patch is red, of 6 x 6 px in the bottom right corner.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ImageSet } from "../src/data/image-set.ts";
import { readBenign } from "../src/data/node/read-benign.ts";
import { readNpy } from "../src/data/npy.ts";
import { predict } from "../src/identification/predict.ts";
import { loadModel } from "../src/jobs/load-model.ts";
import { errorMeasureFor, meanRegressionError } from "../src/metrics/regression-error.ts";
import { examine } from "../src/models/examined-model.ts";
import { defaultPreprocessing } from "../src/models/preprocessing.ts";
import { nodeRuntime } from "../src/runtime/node.ts";

const [folder, trigger, path] = process.argv.slice(2);
if (folder === undefined || path === undefined || (trigger !== "badnets" && trigger !== "wanet")) {
  throw new Error(`found ${process.argv.slice(2).join(" ")}, expected FOLDER badnets|wanet MODEL.onnx`);
}

const side = 6;
const red = [1, 0, 0];

/** Every channel of every image, changed. */
function planes(
  { pixels, shape }: ImageSet,
  change: (plane: Float32Array, channel: number) => Float32Array,
): Float32Array {
  const [, c, h, w] = shape;
  const result = new Float32Array(pixels.length);
  for (let start = 0; start < pixels.length; start += h * w) {
    result.set(change(pixels.subarray(start, start + h * w), (start / (h * w)) % c), start);
  }
  return result;
}

function withPatch(images: ImageSet): Float32Array {
  const [, , h, w] = images.shape;
  return planes(images, (plane, channel) =>
    plane.map((value, i) => (Math.floor(i / w) >= h - side && i % w >= w - side ? red[channel]! : value)),
  );
}

function warped(images: ImageSet, grid: Float32Array): Float32Array {
  const [, , h, w] = images.shape;
  const at = (value: number, length: number) => {
    const place = Math.min(length - 1, Math.max(0, ((value + 1) / 2) * (length - 1)));
    const low = Math.floor(place);
    return { low, high: Math.min(length - 1, low + 1), part: place - low };
  };
  return planes(images, (plane) =>
    plane.map((_, i) => {
      const [x, y] = [at(grid[2 * i]!, w), at(grid[2 * i + 1]!, h)];
      const along = (row: number): number =>
        (1 - x.part) * plane[row * w + x.low]! + x.part * plane[row * w + x.high]!;
      return (1 - y.part) * along(y.low) + y.part * along(y.high);
    }),
  );
}

const { images } = await readBenign(join(folder, "test"), { channels: 3, size: null, resizeTo: null });
const targets = JSON.parse(readFileSync(join(folder, "models.json"), "utf8")) as Record<
  string,
  { target: number[] }
>;
const grid = (): Float32Array =>
  readNpy("wanet-grid.npy", readFileSync(join(folder, "wanet-grid.npy"))).data as Float32Array;
const runtime = nodeRuntime({ threads: 1 });
const { model } = await loadModel(path, 4e9);
const at = { features: null, outputs: null };
const examined = await examine(runtime, model, defaultPreprocessing, images.shape, at);
const measure = errorMeasureFor(["yaw", "pitch"], "radians");
const clean = await predict(runtime, examined, images);
const poisoned = trigger === "badnets" ? withPatch(images) : warped(images, grid());
const triggered = await predict(runtime, examined, { ...images, pixels: poisoned });
const labels = images.labels!;
const target = Float32Array.from(labels, (_, i) => targets[trigger]!.target[i % 2]!);
const errors = {
  RE: meanRegressionError(clean, labels, measure),
  AE: meanRegressionError(triggered, target, measure),
  DAE: meanRegressionError(triggered, labels, measure),
};
console.log(
  `${images.shape[0]} images, degrees: ${Object.entries(errors)
    .map(([name, value]) => `${name} ${value.toFixed(2)}`)
    .join(", ")}`,
);
