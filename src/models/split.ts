/** Where a regression model ends being a feature extractor F and begins being a linear map H: f = H . F. */
import { DrmGuardError } from "../errors.ts";
import { getInt, getInts, type OnnxNode } from "../onnx/model.ts";
import { sizeOf } from "../onnx/tensor-data.ts";
import type { ImportedModel } from "./import.ts";
import type { ModelInstance } from "./instance.ts";
import type { Task } from "./task.ts";

/** A last dense layer: rows w_j over a feature tensor h = F(x). */
export interface Head {
  /** The node of the dense layer. */
  readonly node: string;
  /** The name of F(x); flattened it is [N, m]. */
  readonly feature: string;
  /** The name of the weight. */
  readonly weight: string;
  /** How the weight is laid out: rows [k, m], or columns [m, k]. */
  readonly layout: "rows" | "columns";
  /** m */
  readonly width: number;
  /** k, how many components (before the output's own functions) it makes. */
  readonly rows: number;
}

/** f = H . F for a model. */
export interface ModelSplit {
  /** Most models have one; one for every output component is possible; none where the caller wants none. */
  readonly heads: readonly Head[];
  /** The outputs in use, each flattened to [N, k] and put side by side. */
  readonly outputs: readonly string[];
  /** d, the number of output components. */
  readonly dimension: number;
}

/** What the caller may choose. */
export interface SplitOptions {
  /** The feature tensor or a node that makes it; `none` to do without, for a model whose outputs are no dense layer's; null to find it. */
  readonly features: string | null;
  /** The outputs to use; null when there is only one. */
  readonly outputs: readonly string[] | null;
  /** What the outputs are; a regression where nothing is said. */
  readonly task?: Task;
}

/** The word for a model that is taken as it is, without a last dense layer: what a heatmap's centre or a mean over pixels gives. */
export const noFeatures = "none";

/** Numbers of classes of the data sets that classifiers are trained on by default. */
const knownClassCounts: ReadonlySet<number> = new Set([1000, 1001, 10450, 11221, 21841, 21843]);
/** More output components than any vector that is regressed: such an output is a map. */
const largestDimension = 16384;

const classifierOps: ReadonlySet<string> = new Set([
  "Softmax",
  "LogSoftmax",
  "ArgMax",
  "ArgMin",
  "Hardmax",
  "TopK",
]);
/** Of these, what gives an index or a choice: nothing can be learnt through it. */
const choosingOps: ReadonlySet<string> = new Set(["ArgMax", "ArgMin", "Hardmax", "TopK"]);
const reshapingOps: ReadonlySet<string> = new Set([
  "Flatten",
  "Identity",
  "Reshape",
  "Squeeze",
  "Unsqueeze",
  "Cast",
]);

/**
 * Splits a model at its last dense layers.
 *
 * Reading: the paper has one last dense layer. Here the walk goes from the outputs back through everything (bias,
 * activation, scaling, a rotation's orthogonalisation, a softmax over bins and its expectation) to the first dense
 * layer on each path. Several layers that read different features are several heads.
 *
 * Throws E_MODEL_OUTPUT when the outputs are no vector, E_CLASSIFIER when they are classes and the task is a regression, or are chosen
 * classes whatever it is, E_NO_DENSE_HEAD when a path reaches the image without a dense layer, or features are named that no dense layer reads.
 */
export function splitModel(instance: ModelInstance, options: SplitOptions): ModelSplit {
  const outputs = chooseOutputs(instance, options.outputs);
  const dimension = outputs.reduce((d, name) => d + vectorLength(instance, name), 0);
  const makers = makersOf(instance);
  const dynamic = dynamicTensors(instance);
  if (options.task === "classification") assertClassification(outputs, makers, dimension);
  else {
    assertNotClassifier(instance.model.file);
    for (const name of outputs) assertRegression(name, makers, dimension);
  }
  const { features } = options;
  if (features === noFeatures) return { heads: [], outputs, dimension };
  const heads =
    features === null
      ? lastDenseLayers(instance, outputs, makers, dynamic)
      : layersOn(instance, features, makers, dynamic);
  return { heads, outputs, dimension };
}

/**
 * Throws E_NO_DENSE_HEAD for a model that is taken without a last dense layer: there are no features, which have angles and can be exchanged.
 *
 * @param what needs one, such as `the paper's method`
 */
export function assertDenseHead({ heads }: Pick<ModelSplit, "heads">, what: string): void {
  if (heads.length > 0) return;
  throw new DrmGuardError(
    "E_NO_DENSE_HEAD",
    `found --features ${noFeatures}, expected a last dense layer: ${what} needs one`,
    { hint: "of a scan --method contrast and neural-cleanse need none, of a repair all but fine-pruning" },
  );
}

/** The node that makes each tensor. */
function makersOf(instance: ModelInstance): ReadonlyMap<string, OnnxNode> {
  return new Map(instance.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
}

/** Whether the outputs of a classifier are probabilities already. */
export function endsInSoftmax(instance: ModelInstance, { outputs }: Pick<ModelSplit, "outputs">): boolean {
  const makers = makersOf(instance);
  return outputs.every((name) => endOf(name, makers)?.op === "Softmax");
}

/** The names of tensors that depend on pixels. */
export function dynamicTensors(instance: ModelInstance): Set<string> {
  const dynamic = new Set([instance.model.input.name]);
  for (const node of instance.nodes) {
    if (!node.inputs.some((input) => dynamic.has(input))) continue;
    for (const output of node.outputs) if (!instance.folded.has(output)) dynamic.add(output);
  }
  return dynamic;
}

function chooseOutputs(instance: ModelInstance, wanted: readonly string[] | null): readonly string[] {
  const unknown = wanted?.filter((name) => !instance.outputs.includes(name)) ?? [];
  const described = instance.outputs.map((name) => `${name} [${shapeText(instance, name)}]`).join(", ");
  if (unknown.length > 0) {
    throw new DrmGuardError("E_USAGE", `the model has no output ${unknown.join(", ")}; it has ${described}`);
  }
  const chosen = wanted ?? instance.outputs;
  if (wanted === null && chosen.length > 1) {
    throw new DrmGuardError("E_MODEL_OUTPUT", `found ${chosen.length} outputs (${described}), expected one`, {
      hint: "choose with --outputs NAME[,NAME...]; several are put side by side",
    });
  }
  return chosen;
}

function shapeText(instance: ModelInstance, name: string): string {
  return instance.shapes.get(name)?.join(", ") ?? "?";
}

/** The number of components of an output that is a vector for each image. */
function vectorLength(instance: ModelInstance, name: string): number {
  const shape = instance.shapes.get(name) ?? [];
  const length = sizeOf(shape.slice(1));
  const isVector = shape[0] === instance.inputShape[0] && length <= largestDimension;
  if (isVector && (shape.length < 4 || sizeOf(shape.slice(2)) === 1)) return length;
  throw new DrmGuardError(
    "E_MODEL_OUTPUT",
    `output ${name} has shape [${shapeText(instance, name)}], expected [${instance.inputShape[0]}, d]: one vector for each image`,
  );
}

/** The node that an output comes from, but for what only reshapes it. */
function endOf(output: string, makers: ReadonlyMap<string, OnnxNode>): OnnxNode | undefined {
  let node = makers.get(output);
  while (node !== undefined && reshapingOps.has(node.op)) node = makers.get(node.inputs[0]!);
  return node;
}

/** Throws E_MODEL_OUTPUT and E_CLASSIFIER for outputs that are not one score for each of several classes. */
function assertClassification(
  outputs: readonly string[],
  makers: ReadonlyMap<string, OnnxNode>,
  dimension: number,
): void {
  const node = endOf(outputs[0]!, makers);
  if (node !== undefined && choosingOps.has(node.op)) {
    throw new DrmGuardError(
      "E_CLASSIFIER",
      `output ${outputs[0]} ends in ${node.op}: found chosen classes, expected a score for each class`,
      { hint: "export the model without its last step: logits or probabilities are needed" },
    );
  }
  if (outputs.length > 1 || dimension < 2) {
    throw new DrmGuardError(
      "E_MODEL_OUTPUT",
      `found ${outputs.length} output${outputs.length === 1 ? "" : "s"} of ${dimension} numbers in all, expected one output with a score for each of several classes`,
    );
  }
}

const classifierHint =
  "DRMGuard judges models that output a vector of numbers; --task classification --method paper searches classifiers";

/** Throws E_CLASSIFIER for a file whose metadata says that it is a classifier, as those that are trained here do. */
function assertNotClassifier({ metadata }: ImportedModel["file"]): void {
  if (metadata.get("task") !== "classification") return;
  throw new DrmGuardError(
    "E_CLASSIFIER",
    "the model's metadata say task = classification: found a classifier, expected a regressor",
    { hint: classifierHint },
  );
}

function assertRegression(output: string, makers: ReadonlyMap<string, OnnxNode>, dimension: number): void {
  const node = endOf(output, makers);
  const hint = classifierHint;
  if (node !== undefined && classifierOps.has(node.op)) {
    throw new DrmGuardError(
      "E_CLASSIFIER",
      `output ${output} ends in ${node.op}: found a classifier, expected a regressor`,
      { hint },
    );
  }
  if (knownClassCounts.has(dimension)) {
    throw new DrmGuardError(
      "E_CLASSIFIER",
      `${dimension} outputs are the classes of a known data set: found a classifier, expected a regressor`,
      { hint },
    );
  }
}

/** The last dense layer on each path from the outputs. */
function lastDenseLayers(
  instance: ModelInstance,
  outputs: readonly string[],
  makers: ReadonlyMap<string, OnnxNode>,
  dynamic: ReadonlySet<string>,
): Head[] {
  const heads = new Map<string, Head>();
  const seen = new Set<string>();
  const open = [...outputs];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name) || !dynamic.has(name)) continue;
    seen.add(name);
    const node = makers.get(name);
    if (node === undefined)
      throw noDenseHead("a path from the output reaches the image without a dense layer");
    const head = denseHead(instance, node, dynamic);
    if (head === null || readsSoftmax(node, makers)) open.push(...node.inputs);
    else heads.set(head.node, head);
  }
  return [...heads.values()];
}

/** The expectation over bins of a softmax is a product with fixed numbers: not the layer that was learnt. */
function readsSoftmax(node: OnnxNode, makers: ReadonlyMap<string, OnnxNode>): boolean {
  let source = makers.get(node.inputs[0]!);
  while (source !== undefined && reshapingOps.has(source.op)) source = makers.get(source.inputs[0]!);
  return source?.op === "Softmax";
}

function noDenseHead(found: string): DrmGuardError {
  return new DrmGuardError("E_NO_DENSE_HEAD", `no last dense layer found: ${found}`, {
    hint: `name the input of the dense layer with --features NODE, or scan a model that ends in a pooling or in the centre of a heatmap by its outputs alone with --features ${noFeatures}`,
  });
}

/** A node as a dense layer over [N, m], null when it is none. */
function denseHead(instance: ModelInstance, node: OnnxNode, dynamic: ReadonlySet<string>): Head | null {
  const [feature, weight] = node.inputs as [string, string];
  if (weight === undefined || dynamic.has(weight) || !dynamic.has(feature)) return null;
  // The image is no node's output: without its own shape every first convolution would look dense.
  const shape = (name: string): readonly number[] => {
    if (name === instance.model.input.name) return instance.inputShape;
    return instance.shapes.get(name) ?? instance.initializers.get(name)?.dims ?? [];
  };
  const batch = instance.inputShape[0]!;
  const width = sizeOf(shape(feature)) / batch;
  const base = { node: node.name || node.outputs[0]!, feature, weight, width };
  if (node.op === "Gemm" && getInt(node, "transA", 0) === 0) {
    const transposed = getInt(node, "transB", 0) !== 0;
    const rows = shape(weight)[transposed ? 0 : 1]!;
    return { ...base, layout: transposed ? "rows" : "columns", rows };
  }
  const weightShape = shape(weight);
  if (node.op === "MatMul" && weightShape.length <= 2 && weightShape[0] === width) {
    return { ...base, layout: "columns", rows: weightShape[1] ?? 1 };
  }
  if (node.op === "Conv" && isDenseConvolution(node, shape(feature), weightShape)) {
    return { ...base, layout: "rows", rows: weightShape[0]! };
  }
  return null;
}

/** A convolution whose kernel sees the whole input at once. */
function isDenseConvolution(node: OnnxNode, input: readonly number[], weight: readonly number[]): boolean {
  const coversAll = input.slice(2).every((length, i) => weight[i + 2] === length);
  const isUnpadded = getInts(node, "pads", []).every((n) => n === 0);
  return coversAll && isUnpadded && getInt(node, "group", 1) === 1;
}

/** The dense layers that read a named tensor, directly or reshaped. */
function layersOn(
  instance: ModelInstance,
  name: string,
  makers: ReadonlyMap<string, OnnxNode>,
  dynamic: ReadonlySet<string>,
): Head[] {
  const named = instance.nodes.find((node) => node.name === name);
  const target = named === undefined ? name : named.outputs[0]!;
  if (!dynamic.has(target)) {
    throw new DrmGuardError("E_USAGE", `the model has no node or tensor ${name} that depends on the image`, {
      hint: "drmguard check lists the names",
    });
  }
  const reads = (tensor: string): boolean => {
    if (tensor === target) return true;
    const maker = makers.get(tensor);
    return maker !== undefined && reshapingOps.has(maker.op) && reads(maker.inputs[0]!);
  };
  const heads = instance.nodes
    .map((node) => denseHead(instance, node, dynamic))
    .filter((head): head is Head => head !== null && reads(head.feature));
  if (heads.length === 0) throw noDenseHead(`${name} is not the input of a dense layer`);
  return heads;
}
