/** Brings a model of operator set 9 or newer to the one that programs are written in. */
import { DrmGuardError } from "../errors.ts";
import { attention, rotaryEmbedding } from "./attention.ts";
import {
  type Attribute,
  float,
  getFloat,
  getInt,
  getInts,
  getString,
  int,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  string,
} from "./model.ts";
import { mapGraphs } from "./rename.ts";
import { Rewriter, without } from "./rewrite.ts";
import { float32, int64 } from "./tensor-data.ts";

/** The oldest operator set that is read. */
export const oldestOpset = 9;
/** The newest operator set that is read: the newest that ONNX Runtime 1.30 knows. */
export const newestOpset = 26;

/** Writes a node in the form of the programs' operator set. `opset` is the one that it is written in. */
export type Upgrade = (node: OnnxNode, to: Rewriter, opset: number) => void;

/** Attributes that became inputs: the operator set that changed it, and how its inputs are made. */
function attributesToInputs(
  since: number,
  names: readonly string[],
  inputs: (node: OnnxNode, to: Rewriter) => readonly string[],
): Upgrade {
  return (node, to, opset) => {
    if (opset >= since) return to.keep(node);
    to.keep(node, { inputs: inputs(node, to), attributes: without(node.attributes, ...names) });
  };
}

const list = (node: OnnxNode, name: string, to: Rewriter): string => {
  const values = getInts(node, name, null);
  return values === null ? "" : to.ints(values);
};

const axesToInput = (since: number): Upgrade =>
  attributesToInputs(since, ["axes"], (node, to) => [node.inputs[0]!, list(node, "axes", to)]);

/** Before 13, softmax went over all axes from `axis` on, taken as one. */
const flattenedSoftmax: Upgrade = (node, to, opset) => {
  if (opset >= 13) return to.keep(node);
  const axis = getInt(node, "axis", 1);
  const x = node.inputs[0]!;
  if (axis === -1) return to.keep(node);
  const shape = to.emit("Shape", [x]);
  const flat = to.emit("Flatten", [x], { axis: int(axis) });
  const result = to.emit(node.op, [flat], { axis: int(-1) });
  to.emit("Reshape", [result, shape], {}, node.outputs[0]);
};

/** Resize of opset 10 and Upsample: what they did is asymmetric sampling, rounded down. */
const oldResize = (node: OnnxNode, to: Rewriter, scales: string): void => {
  const mode = getString(node, "mode", "nearest");
  to.keep(node, {
    op: "Resize",
    inputs: [node.inputs[0]!, "", scales],
    attributes: {
      mode: string(mode === "bilinear" ? "linear" : mode),
      coordinate_transformation_mode: string("asymmetric"),
      nearest_mode: string("floor"),
    },
  });
};

const clipBounds = (node: OnnxNode, to: Rewriter): string[] => {
  const bound = (name: string): string => {
    const value = getFloat(node, name, null);
    return value === null || Math.abs(value) > 3.4e38 ? "" : to.scalar(value);
  };
  return [node.inputs[0]!, bound("min"), bound("max")];
};

/** Identity in inference: the second output is a mask that nobody reads. */
const dropout: Upgrade = (node, to) =>
  to.keep(node, { op: "Identity", inputs: [node.inputs[0]!], outputs: [node.outputs[0]!], attributes: {} });

const batchNormalization: Upgrade = (node, to, opset) => {
  // Before 14 the outputs said it: only in training there was more than one.
  const hasStatistics = opset < 14 && node.outputs.some((output, i) => i > 0 && output !== "");
  if (hasStatistics || getInt(node, "training_mode", 0) !== 0) {
    throw new DrmGuardError(
      "E_UNSUPPORTED_OPERATOR",
      `BatchNormalization (${node.name}) is in training mode`,
      {
        hint: "export the model in inference mode",
      },
    );
  }
  const attributes = without(node.attributes, "spatial", "momentum", "training_mode");
  to.keep(node, { outputs: [node.outputs[0]!], attributes });
};

/** GroupNormalization as an InstanceNormalization of groups; its scale is per group before 21, per channel after. */
const groupNormalization: Upgrade = (node, to, opset) => {
  const [x, scale, bias] = node.inputs as [string, string, string];
  const groups = getInt(node, "num_groups", 1);
  const shape = to.emit("Shape", [x]);
  const grouped = to.emit("Reshape", [x, to.ints([0, groups, -1])]);
  const ones = to.constant(float32(new Array(groups).fill(1)));
  const zeros = to.constant(float32(new Array(groups).fill(0)));
  const normalized = to.emit("InstanceNormalization", [grouped, ones, zeros], {
    epsilon: float(getFloat(node, "epsilon", 1e-5)),
  });
  if (opset < 21) {
    const column = to.ints([1, groups, 1]);
    const scaled = to.emit("Mul", [normalized, to.emit("Reshape", [scale, column])]);
    const shifted = to.emit("Add", [scaled, to.emit("Reshape", [bias, column])]);
    to.emit("Reshape", [shifted, shape], {}, node.outputs[0]);
    return;
  }
  const flat = to.emit("Reshape", [to.emit("Reshape", [normalized, shape]), to.ints([0, 0, -1])]);
  const column = to.ints([1, -1, 1]);
  const scaled = to.emit("Mul", [flat, to.emit("Reshape", [scale, column])]);
  const shifted = to.emit("Add", [scaled, to.emit("Reshape", [bias, column])]);
  to.emit("Reshape", [shifted, shape], {}, node.outputs[0]);
};

/** y = x / sqrt(mean(x^2) + eps) scale, over the axes from `axis` on. */
const rmsNormalization: Upgrade = (node, to) => {
  const axis = getInt(node, "axis", -1);
  if (axis >= 0) {
    throw new DrmGuardError(
      "E_UNSUPPORTED_OPERATOR",
      `RMSNormalization (${node.name}) over axis ${axis}, expected one counted from the last`,
    );
  }
  const axes = Array.from({ length: -axis }, (_, i) => axis + i);
  const [x, scale] = node.inputs as [string, string];
  const square = to.emit("ReduceMean", [to.emit("Mul", [x, x]), to.ints(axes)], { keepdims: int(1) });
  const norm = to.emit("Sqrt", [to.emit("Add", [square, to.scalar(getFloat(node, "epsilon", 1e-5))])]);
  to.emit("Mul", [to.emit("Div", [x, norm]), scale], {}, node.outputs[0]);
};

const swish: Upgrade = (node, to) => {
  const [x] = node.inputs as [string];
  const inner = to.emit("Mul", [x, to.scalar(getFloat(node, "alpha", 1))]);
  to.emit("Mul", [x, to.emit("Sigmoid", [inner])], {}, node.outputs[0]);
};

const meanVarianceNormalization: Upgrade = (node, to) => {
  const axes = to.ints(getInts(node, "axes", [0, 2, 3]));
  const [x] = node.inputs as [string];
  const keep = { keepdims: int(1) };
  const centered = to.emit("Sub", [x, to.emit("ReduceMean", [x, axes], keep)]);
  const square = to.emit("ReduceMean", [to.emit("Mul", [centered, centered]), axes], keep);
  const deviation = to.emit("Add", [to.emit("Sqrt", [square]), to.scalar(1e-9)]);
  to.emit("Div", [centered, deviation], {}, node.outputs[0]);
};

/** From 20 on the modes are called linear and cubic, as in Resize. */
const gridSample: Upgrade = (node, to, opset) => {
  const names: Record<string, string> = { bilinear: "linear", bicubic: "cubic" };
  const mode = getString(node, "mode", "linear");
  const attributes =
    opset >= 20 ? node.attributes : { ...node.attributes, mode: string(names[mode] ?? mode) };
  to.keep(node, { attributes });
};

const pads = attributesToInputs(11, ["pads", "value", "paddings"], (node, to) => [
  node.inputs[0]!,
  list(node, "pads", to),
  to.scalar(getFloat(node, "value", 0)),
]);

/** Since 13 the sizes are an input; since 18 an equal split says how many parts it makes. */
const split: Upgrade = (node, to, opset) => {
  const sizes = opset < 13 ? list(node, "split", to) : (node.inputs[1] ?? "");
  const kept = without(node.attributes, "split");
  const isEqual = sizes === "" && kept.num_outputs === undefined;
  const attributes = isEqual ? { ...kept, num_outputs: int(node.outputs.length) } : kept;
  to.keep(node, { inputs: [node.inputs[0]!, sizes], attributes });
};

const slice = attributesToInputs(10, ["starts", "ends", "axes"], (node, to) => [
  node.inputs[0]!,
  list(node, "starts", to),
  list(node, "ends", to),
  list(node, "axes", to),
]);

const topK = attributesToInputs(10, ["k"], (node, to) => [node.inputs[0]!, to.ints([getInt(node, "k", 1)])]);

/** Constants written as numbers instead of tensors. */
const constant: Upgrade = (node, to) => {
  const attribute = Object.entries(node.attributes)[0] as [string, Attribute] | undefined;
  const value = attribute?.[1];
  const output = node.outputs[0]!;
  if (value?.kind === "tensor") to.initializers.set(output, value.value);
  else if (value?.kind === "float") to.initializers.set(output, float32([value.value], []));
  else if (value?.kind === "floats") to.initializers.set(output, float32(value.value));
  else if (value?.kind === "int") to.initializers.set(output, int64([value.value], []));
  else if (value?.kind === "ints") to.initializers.set(output, int64(value.value));
  else
    throw new DrmGuardError(
      "E_UNSUPPORTED_OPERATOR",
      `Constant (${node.name}) of kind ${value?.kind ?? "nothing"}`,
    );
};

const upgrades: Readonly<Record<string, Upgrade>> = {
  Attention: attention,
  BatchNormalization: batchNormalization,
  Clip: attributesToInputs(11, ["min", "max"], clipBounds),
  Constant: constant,
  Dropout: dropout,
  GridSample: gridSample,
  GroupNormalization: groupNormalization,
  Hardmax: flattenedSoftmax,
  LogSoftmax: flattenedSoftmax,
  MeanVarianceNormalization: meanVarianceNormalization,
  Pad: pads,
  RMSNormalization: rmsNormalization,
  RotaryEmbedding: rotaryEmbedding,
  ReduceL1: axesToInput(18),
  ReduceL2: axesToInput(18),
  ReduceLogSum: axesToInput(18),
  ReduceLogSumExp: axesToInput(18),
  ReduceMax: axesToInput(18),
  ReduceMean: axesToInput(18),
  ReduceMin: axesToInput(18),
  ReduceProd: axesToInput(18),
  ReduceSum: axesToInput(13),
  ReduceSumSquare: axesToInput(18),
  Resize: (node, to, opset) => (opset >= 11 ? to.keep(node) : oldResize(node, to, node.inputs[1]!)),
  Scatter: (node, to) => to.keep(node, { op: "ScatterElements" }),
  Slice: slice,
  Softmax: flattenedSoftmax,
  Split: split,
  Squeeze: axesToInput(13),
  Swish: swish,
  TopK: topK,
  Unsqueeze: axesToInput(13),
  Upsample: (node, to) => oldResize(node, to, node.inputs[1] ?? scalesAttribute(node, to)),
};

/** The operators that are rewritten, in some version at least. */
export const upgradedOperators: readonly string[] = Object.keys(upgrades);

function scalesAttribute(node: OnnxNode, to: Rewriter): string {
  const scales = node.attributes.scales;
  if (scales?.kind !== "floats")
    throw new DrmGuardError("E_NOT_ONNX", `Upsample (${node.name}) has no scales`);
  return to.constant(float32(scales.value));
}

/**
 * The same model with every node in the form of the programs' operator set, constants as initializers, and
 * inference-only nodes (Dropout) gone.
 *
 * Throws E_OPSET when the model's operator set is older than 9 or newer than the runtime knows, and
 * E_UNSUPPORTED_OPERATOR when a node is in a form that cannot be brought over.
 *
 * @param model a model whose functions are inlined
 * @param opset the operator set to bring it to
 */
export function upgrade(model: OnnxModel, opset: number): OnnxModel {
  const from = model.opsets.get("") ?? 0;
  assertReadable(from);
  return {
    ...model,
    opsets: new Map([...model.opsets, ["", opset]]),
    graph: upgradeGraph(model.graph, from),
  };
}

function assertReadable(opset: number): void {
  if (opset >= oldestOpset && opset <= newestOpset) return;
  throw new DrmGuardError(
    "E_OPSET",
    `operator set ${opset} found, expected ${oldestOpset} to ${newestOpset}`,
    { hint: "export the model again with an operator set in that range" },
  );
}

function upgradeGraph(graph: OnnxGraph, from: number, outer?: Rewriter): OnnxGraph {
  const rewriter = new Rewriter(graph, outer);
  for (const node of graph.nodes) {
    const { opset = from, ...rest } = node;
    assertReadable(opset);
    const inner = {
      ...rest,
      attributes: mapGraphs(node.attributes, (g) => upgradeGraph(g, opset, rewriter)),
    };
    const rule = node.domain === "" && Object.hasOwn(upgrades, node.op) ? upgrades[node.op] : undefined;
    if (rule === undefined) rewriter.keep(inner);
    else rule(inner, rewriter, opset);
  }
  return { ...graph, nodes: rewriter.nodes, initializers: rewriter.initializers };
}
