/** What a step through a user's model takes of memory. */
import type { ModelInstance } from "../models/instance.ts";
import { sizeOf } from "../onnx/tensor-data.ts";

/** What a process takes before it holds any image, in bytes: Node, ONNX Runtime and what the method adds. */
const processBytes = 250e6;
/** Copies of a model's weights: the file, the graph's constants, the program, and the runtime's own layouts. */
const weightCopies = 6;
/** A model's activations, each kept once, and their gradients while they pass. */
const activationCopies = 1.3;

/**
 * Bytes of resident memory that a process takes at its fullest in a step with a gradient, estimated. The factors are fitted to
 * measured peaks, see bench/README.md.
 *
 * @param instance the model, at any batch size
 * @param extra numbers that a method keeps for each image beside the model
 */
export function modelStepBytes(instance: ModelInstance, batch: number, extra: number): number {
  const own = instance.inputShape[0]!;
  const activations = [...instance.shapes]
    .filter(([name]) => instance.dtypes.get(name) === "float32" && !instance.folded.has(name))
    .reduce((total, [, shape]) => total + sizeOf(shape), 0);
  const examined = (activationCopies * activations) / own;
  return processBytes + 4 * (weightCopies * weightsOf(instance) + batch * (extra + examined));
}

/** What a thread takes before it holds any model, in bytes. */
const threadBytes = 20e6;
/** Copies of a model's weights in a lane beside the first: as for the first, and those on their way there. */
const laneWeightCopies = 8;

/**
 * Bytes that a lane beside the first adds to a step, estimated from two models (bench/README.md).
 *
 * @param instance the model, at any batch size
 */
export function laneBytes(instance: ModelInstance): number {
  return threadBytes + 4 * laneWeightCopies * weightsOf(instance);
}

function weightsOf({ initializers }: ModelInstance): number {
  return [...initializers.values()].reduce((total, { dims }) => total + sizeOf(dims), 0);
}
