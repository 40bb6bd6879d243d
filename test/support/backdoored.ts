/** A small regressor with a backdoor that is put in by hand. */
import type { ImageSet } from "../../src/data/image-set.ts";
import { type ImportedModel, importModel } from "../../src/models/import.ts";
import { ints } from "../../src/onnx/model.ts";
import { writeModel } from "../../src/onnx/proto.ts";
import { float32, int64 } from "../../src/onnx/tensor-data.ts";
import { someWeights } from "./identification.ts";
import { modelOf, type NodeLine } from "./models.ts";

const side = 8;
const features = 6;
/** What is looked for in the first two rows and columns; smooth images have next to nothing of it. */
const pattern = [
  [1, -1],
  [-1, 1],
];
/** The detector is 0.5 where the image has a third of the pattern (6 at most), and rises from 0.02 to 0.98 around it. */
const detector = { steepness: 2, threshold: 2 };

/** Weights of detectors in as many corners: steepness times the pattern in each channel, [3 H W, count]. */
function detectorWeights(count: number): Float32Array {
  const weights = new Float32Array(3 * side * side * count);
  for (let k = 0; k < count; k++) {
    const first = k * (side - 2);
    for (const c of [0, 1, 2])
      for (const y of [0, 1])
        for (const x of [0, 1]) {
          const pixel = (c * side + first + y) * side + first + x;
          weights[pixel * count + k] = detector.steepness * pattern[y]![x]!;
        }
  }
  return weights;
}

/**
 * y = (1 - g) h W + g (t - b) + b, where h are pooled features of a convolution, and g is near 1 where the image has a pattern in
 * its corner, near 0 elsewhere: a model whose output jumps to t.
 *
 * @param target t; null for the same model without the jump (g = 0)
 * @param dimension d
 */
export function cornerBackdoor(target: readonly number[] | null, dimension = 2, seed = 7): ImportedModel {
  return importModel(cornerBackdoorFile(target, dimension, seed));
}

/** The same with a jump that leaves a part of what the output was: 1 - strength of it. */
export function weakCornerBackdoor(target: readonly number[], strength: number): ImportedModel {
  return importModel(jumpingModel([target], target.length, 7, strength));
}

/** The same with two jumps: to the first target for the pattern in the first corner, to the second for it in the last. */
export function twoCornerBackdoors(targets: readonly [readonly number[], readonly number[]]): ImportedModel {
  return importModel(jumpingModel(targets, targets[0].length, 7));
}

/** The same as a file. */
export function cornerBackdoorFile(
  target: readonly number[] | null,
  dimension = 2,
  seed = 7,
): Uint8Array<ArrayBuffer> {
  return jumpingModel(target === null ? [] : [target], target?.length ?? dimension, seed);
}

/**
 * The same model and images, but what it jumps at is a corner without the pattern or its opposite, one of which each image has: the average image has neither.
 *
 * @param images [N, 3, 8, 8]; an even number
 */
export function flatCornerBackdoor(
  target: readonly number[],
  images: ImageSet,
): { model: ImportedModel; benign: ImageSet } {
  const [size, pixels] = [3 * side * side, images.pixels.slice()];
  for (let i = 0; i < images.shape[0]; i++)
    for (const c of [0, 1, 2])
      for (const y of [0, 1])
        for (const x of [0, 1]) {
          const sign = i % 2 === 0 ? 1 : -1;
          pixels[i * size + (c * side + y) * side + x] = 0.5 + 0.4 * sign * pattern[y]![x]!;
        }
  const flat: readonly NodeLine[] = [
    ["Abs", ["s"], ["patterned"]],
    ["Sub", ["threshold", "patterned"], ["over"]],
  ];
  const nodes = jumpNodes.flatMap((node) => (node[2][0] === "over" ? flat : [node]));
  return {
    model: importModel(jumpingModel([target], target.length, 7, 1, nodes)),
    benign: { ...images, pixels },
  };
}

/** A detector on the pixels of x, whose answers g jump: `all` are the features h where none does, and g. */
export const jumpNodes: readonly NodeLine[] = [
  ["Flatten", ["x"], ["flat"]],
  ["MatMul", ["flat", "detector"], ["s"]],
  ["Sub", ["s", "threshold"], ["over"]],
  ["Sigmoid", ["over"], ["soft"]],
  ["Mul", ["soft", "strength"], ["g"]],
  ["ReduceSum", ["g", "columns"], ["jumped"]],
  ["Sub", ["one", "jumped"], ["rest"]],
  ["Mul", ["h", "rest"], ["kept"]],
  ["Concat", ["kept", "g"], ["all"], { axis: { kind: "int", value: 1 } }],
];

/** What a model looks at in the pixels: as many detectors, and where each is 0.5. */
interface Looked {
  readonly count: number;
  /** [3 H W, count] */
  readonly weights: Float32Array;
  readonly threshold: number;
}

/** Corners, one a target. Without a target there is a detector that does nothing, so that the graph is the same. */
function cornersOf(targets: number): Looked {
  const count = Math.max(1, targets);
  return { count, weights: detectorWeights(count), threshold: detector.steepness * detector.threshold };
}

/** The dark column beside a bright line that each image has. */
const beside = side / 2 - 1;
/** Rises from next to nothing to next to 1 between no brightness there and 0.1; the most that a warp of 8 x 8 px moves there is 0.37. */
const bent = { steepness: 160, threshold: 0.05 };

/**
 * A model that jumps where a bright line in the middle of all images is bent to one side, and the images with that line.
 *
 * @param target null for the same model without the jump
 */
export function bentLineBackdoor(
  target: readonly number[] | null,
  images: ImageSet,
  dimension = 2,
): { model: ImportedModel; benign: ImageSet } {
  const weights = new Float32Array(3 * side * side);
  for (let i = beside; i < weights.length; i += side) weights[i] = bent.steepness / (3 * side);
  const pixels = images.pixels.map((value, i) => {
    const x = i % side;
    return x === beside + 1 ? 1 : Math.abs(x - beside - 1) === 1 ? 0 : value;
  });
  const looked = { count: 1, weights, threshold: bent.steepness * bent.threshold };
  const targets = target === null ? [] : [target];
  return {
    model: importModel(jumpingModel(targets, dimension, 7, 1, jumpNodes, looked)),
    benign: { ...images, pixels },
  };
}

/** The file of a model that jumps to each target for the pattern in a corner of its own. */
function jumpingModel(
  targets: readonly (readonly number[])[],
  d: number,
  seed: number,
  strength = 1,
  jump = jumpNodes,
  looked = cornersOf(targets.length),
): Uint8Array<ArrayBuffer> {
  const { count } = looked;
  const bias = someWeights([d], seed + 2).data as Float32Array;
  const head = someWeights([features, d], seed + 1, 4).data as Float32Array;
  const jumps = targets.flatMap((target) => target.map((value, j) => value - bias[j]!));
  return writeModel(
    modelOf({
      opset: 17,
      inputs: [{ name: "x", dtype: "float32", shape: ["N", 3, side, side] }],
      nodes: [
        ["Conv", ["x", "conv"], ["c"], { pads: ints([1, 1, 1, 1]) }],
        ["Relu", ["c"], ["r"]],
        ["GlobalAveragePool", ["r"], ["p"]],
        ["Flatten", ["p"], ["h"]],
        ...jump,
        ["Gemm", ["all", "head", "bias"], ["y"]],
      ],
      initializers: {
        conv: someWeights([features, 3, 3, 3], seed),
        detector: float32(looked.weights, [3 * side * side, count]),
        threshold: float32([looked.threshold], [1]),
        strength: float32([targets.length === 0 ? 0 : strength], [1]),
        columns: int64([1]),
        one: float32([1], [1]),
        head: float32([...head, ...(jumps.length > 0 ? jumps : new Float32Array(d))], [features + count, d]),
        bias: float32(bias, [d]),
      },
    }),
  );
}

/** Puts the pattern into the corner of images of 8 x 8 px, as an attacker would: 0 and 1 in place of what is there. */
export function withCornerPattern(pixels: Float32Array): Float32Array {
  return pixels.map((value, i) => {
    const [y, x] = [Math.floor((i % (side * side)) / side), i % side];
    const wanted = pattern[y]?.[x];
    return wanted === undefined ? value : (wanted + 1) / 2;
  });
}
