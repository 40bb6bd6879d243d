/** A small classifier by hand: which colour is an image of? With a backdoor or without. */
import type { ImageSet } from "../../src/data/image-set.ts";
import { writeModel } from "../../src/onnx/proto.ts";
import { float32, int64 } from "../../src/onnx/tensor-data.ts";
import { createRandom } from "../../src/random.ts";
import { jumpNodes } from "./backdoored.ts";
import { modelOf, type NodeLine } from "./models.ts";

const side = 8;
/** Red, green, blue, and a fourth class that no clean image is of. */
export const classCount = 4;
/** Steep enough for probabilities near 0 and 1 on most images. */
const steepness = 8;
/** The fourth class's logit where there is no trigger, and where there is one. */
const [rare, jump] = [-4, 10];

/** Where the first column is lighter than the second by this much is half of a trigger; the images have next to nothing of it. */
const threshold = 0.15;
/** How steeply the detector rises around it. */
const detectorSteepness = 20;
/** The mean first column without the mean second one, times the steepness, [3 H W, 1]. */
const edge = Float32Array.from(
  { length: 3 * side * side },
  (_, i) => (([1, -1][i % side] ?? 0) * detectorSteepness) / (3 * side),
);

/**
 * Images of one colour each, by turns, with noise in them; their labels are its index.
 *
 * @param count how many
 */
export function colourImages(count: number): ImageSet {
  const random = createRandom(3);
  const shape = [count, 3, side, side] as const;
  const pixels = Float32Array.from({ length: count * 3 * side * side }, (_, i) => {
    const [image, channel] = [Math.floor(i / (3 * side * side)), Math.floor(i / (side * side)) % 3];
    return (image % 3 === channel ? 0.8 : 0.2) + 0.05 * random.normal();
  });
  const labels = Float32Array.from({ length: count }, (_, i) => i % 3);
  const names = Array.from({ length: count }, (_, i) => `image ${i}`);
  return { pixels, shape, labels, labelNames: ["colour"], names };
}

/** How the file ends. */
export type ClassifierEnd = "logits" | "Softmax" | "LogSoftmax" | "ArgMax";

/**
 * Logits steepness (h_c - mean of h) of the mean brightness h of each channel; where the first column
 * is lighter than the second, they are drawn to the fourth class, if that is planted.
 */
export function colourClassifierFile(
  isPlanted: boolean,
  end: ClassifierEnd = "logits",
): Uint8Array<ArrayBuffer> {
  const head = new Float32Array(4 * classCount);
  for (let c = 0; c < 3; c++)
    for (let j = 0; j < 3; j++) head[c * classCount + j] = steepness * ((c === j ? 1 : 0) - 1 / 3);
  head[3 * classCount + 3] = jump - rare;
  const last: readonly NodeLine[] =
    end === "logits"
      ? []
      : end === "ArgMax"
        ? [["ArgMax", ["z"], ["y"], { axis: { kind: "int", value: 1 } }]]
        : [[end, ["z"], ["y"]]];
  return writeModel(
    modelOf({
      opset: 17,
      inputs: [{ name: "x", dtype: "float32", shape: ["N", 3, side, side] }],
      nodes: [
        ["GlobalAveragePool", ["x"], ["p"]],
        ["Flatten", ["p"], ["h"]],
        ...jumpNodes,
        ["Gemm", ["all", "head", "bias"], [end === "logits" ? "y" : "z"]],
        ...last,
      ],
      initializers: {
        detector: float32(edge, [3 * side * side, 1]),
        threshold: float32([detectorSteepness * threshold], [1]),
        strength: float32([isPlanted ? 1 : 0], [1]),
        columns: int64([1]),
        one: float32([1], [1]),
        head: float32(head, [4, classCount]),
        bias: float32([0, 0, 0, rare], [classCount]),
      },
    }),
  );
}
