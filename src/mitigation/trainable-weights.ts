/** Which weights of a user's file can be trained: by what operators do with them, in the file as it was written. */
import { DrmGuardError } from "../errors.ts";
import type { ModelInstance } from "../models/instance.ts";
import { inlineFunctions } from "../onnx/functions.ts";
import type { OnnxGraph, OnnxModel, OnnxNode } from "../onnx/model.ts";
import { isFloat, type TensorData } from "../onnx/tensor-data.ts";
import { type Packing, pack, packingOf } from "../optim/packing.ts";

/** Weights of a file as one vector. */
export interface TrainableWeights {
  /** Names in the file and in the imported graph, which are the same for these, with their shapes. */
  readonly packing: Packing;
  /** The values as float32, one after the other. */
  readonly values: Float32Array;
}

/** The inputs of operators that are learnt. Running statistics of batch norm are none: they are measured. */
const learntInputs: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: [1, 2],
  MatMul: [0, 1],
  Einsum: [0, 1],
  BatchNormalization: [1, 2],
  InstanceNormalization: [1, 2],
  GroupNormalization: [1, 2],
  LayerNormalization: [1, 2],
  RMSNormalization: [1],
  PRelu: [1],
  LSTM: [1, 2, 3],
  GRU: [1, 2, 3],
  RNN: [1, 2, 3],
};

/** Operators after which an added constant is a bias. */
const linearOps: ReadonlySet<string> = new Set(["Conv", "ConvTranspose", "Einsum", "Gemm", "MatMul"]);
/** Operators that only put a weight into another form. */
const formingOps: ReadonlySet<string> = new Set([
  "Cast",
  "Flatten",
  "Identity",
  "Reshape",
  "Squeeze",
  "Transpose",
  "Unsqueeze",
]);

/**
 * Finds the weights that can be trained: float initializers and constants of the main graph that are read as weights, biases, scales
 * and shifts, and as nothing else. What has any other use stays: statistics, positions, masks, what outputs are scaled by; and what sees inputs that are
 * held alone, before they are joined to the image: one value of them says nothing of others.
 *
 * Roles are seen in the file before it is brought to another operator set, names are those of both.
 *
 * Throws E_DTYPE when there are none.
 *
 * @param file the model as it was read
 * @param instance the same model, imported, at any input shape
 */
export function trainableWeights(file: OnnxModel, instance: ModelInstance): TrainableWeights {
  const { graph } = inlineFunctions(file);
  const { learnt, otherwise } = usesOf(graph, asideFrom(graph, instance.model.input.name));
  const settled = settledInputs(instance);
  const arrays: Record<string, TensorData> = {};
  // Constants of functions are not among them: one of them may stand in several places once it is inlined.
  for (const name of namesOf(file.graph)) {
    const value = instance.initializers.get(name);
    const isTrainable = learnt.has(name) && !otherwise.has(name) && !settled.has(name);
    if (isTrainable && value?.dtype === "float32" && value.data.length > 0) arrays[name] = value;
  }
  if (Object.keys(arrays).length === 0) {
    throw new DrmGuardError(
      "E_DTYPE",
      "found no float weights of dense, convolution or normalisation layers",
      {
        hint: "a quantised model cannot be repaired: repair the float model that it was made from",
      },
    );
  }
  return { packing: packingOf(arrays), values: pack(arrays) };
}

/** Float initializers and constants of the main graph, in their order. */
function namesOf({ initializers, nodes }: OnnxGraph): string[] {
  const weights = [...initializers].filter(([, { dtype }]) => isFloat(dtype)).map(([name]) => name);
  const constants = nodes.filter(({ op, attributes: { value, value_floats } }) => {
    const isTensor = value?.kind === "tensor" && isFloat(value.value.dtype);
    return op === "Constant" && (isTensor || value_floats !== undefined);
  });
  return [...weights, ...constants.map(({ outputs }) => outputs[0]!)];
}

/** The names that are read as learnt inputs, and those that are read in any other way. */
function usesOf(
  graph: OnnxGraph,
  aside: ReadonlySet<OnnxNode>,
): { learnt: Set<string>; otherwise: Set<string> } {
  const learnt = new Set<string>();
  const otherwise = new Set<string>(graph.outputs.map(({ name }) => name));
  const origin = new Map<string, string>();
  const linear = new Set<string>();
  const rootOf = (name: string): string => origin.get(name) ?? name;
  const visit = (node: OnnxNode): void => {
    const isOnnx = node.domain === "";
    if (isOnnx && formingOps.has(node.op)) {
      origin.set(node.outputs[0]!, rootOf(node.inputs[0]!));
      for (const name of node.inputs.slice(1)) otherwise.add(rootOf(name));
      return;
    }
    if (isOnnx && linearOps.has(node.op)) linear.add(node.outputs[0]!);
    const isLearnt = isOnnx && !aside.has(node);
    const isBiased = isLearnt && node.op === "Add" && node.inputs.some((name) => linear.has(name));
    const positions = isBiased ? [0, 1] : isLearnt ? (learntInputs[node.op] ?? []) : [];
    node.inputs.forEach((name, i) => {
      (positions.includes(i) ? learnt : otherwise).add(rootOf(name));
    });
    for (const attribute of Object.values(node.attributes)) {
      if (attribute.kind === "graph") attribute.value.nodes.forEach(visit);
    }
  };
  graph.nodes.forEach(visit);
  return { learnt, otherwise };
}

/** The nodes that see other inputs than the image, and not the image. */
function asideFrom({ inputs, initializers, nodes }: OnnxGraph, image: string): Set<OnnxNode> {
  const ofImage = new Set([image]);
  // Files of older versions list weights as inputs too.
  const ofOthers = new Set(
    inputs.map(({ name }) => name).filter((name) => name !== image && !initializers.has(name)),
  );
  const aside = new Set<OnnxNode>();
  for (const node of nodes) {
    const isOfImage = node.inputs.some((name) => ofImage.has(name));
    const isAside = !isOfImage && node.inputs.some((name) => ofOthers.has(name));
    if (isAside) aside.add(node);
    for (const output of node.outputs) {
      if (isOfImage) ofImage.add(output);
      else if (isAside) ofOthers.add(output);
    }
  }
  return aside;
}

/** What nodes read whose outputs are computed beforehand: no gradient reaches it. */
function settledInputs({ nodes, folded }: ModelInstance): Set<string> {
  const settled = nodes.filter(({ outputs }) => outputs.every((name) => name === "" || folded.has(name)));
  return new Set(settled.flatMap(({ inputs }) => inputs));
}
