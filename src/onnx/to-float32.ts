/** One float type for the whole model: gradients are computed in float32. */
import { DrmGuardError } from "../errors.ts";
import { codeOfDtype, dtypeOfCode } from "./dtype-codes.ts";
import { type Attribute, type Attributes, getInt, int, type OnnxGraph, type OnnxNode } from "./model.ts";
import { asFloat32, type DType, isFloat, type TensorData } from "./tensor-data.ts";

/** Operators on quantised activations: their outputs are steps, without a gradient. */
const quantised: ReadonlySet<string> = new Set([
  "ConvInteger",
  "DynamicQuantizeLinear",
  "MatMulInteger",
  "QLinearConv",
  "QLinearMatMul",
  "QuantizeLinear",
  "QLinearAdd",
  "QLinearGlobalAveragePool",
]);

/**
 * The same graph with every float of another width as float32. Weights that are stored quantised and only
 * dequantised at run time are kept: they become float32 when constants are folded.
 *
 * Throws E_DTYPE when activations are quantised: rounding has no gradient to follow.
 */
export function toFloat32(graph: OnnxGraph): OnnxGraph {
  const rounding = graph.nodes.filter((node) => quantised.has(node.op));
  if (rounding.length > 0) {
    throw new DrmGuardError(
      "E_DTYPE",
      `the model's activations are quantised (${rounding.length} nodes: ${[...new Set(rounding.map((n) => n.op))].join(", ")}), expected float ones`,
      { hint: "scan the float model that this one was quantised from" },
    );
  }
  return {
    ...graph,
    inputs: graph.inputs.map((info) => ({ ...info, dtype: floatOf(info.dtype) })),
    outputs: graph.outputs.map((info) => ({ ...info, dtype: floatOf(info.dtype) })),
    initializers: new Map([...graph.initializers].map(([name, value]) => [name, widened(value)])),
    nodes: graph.nodes.map(convertNode),
  };
}

const floatOf = (dtype: DType | null): DType | null => (dtype !== null && isFloat(dtype) ? "float32" : dtype);
const widened = (value: TensorData): TensorData => (isFloat(value.dtype) ? asFloat32(value) : value);

function convertNode(node: OnnxNode): OnnxNode {
  const attributes = Object.fromEntries(
    Object.entries(node.attributes).map(([k, v]) => [k, convertAttribute(v)]),
  );
  if (node.op !== "Cast") return { ...node, attributes };
  const target = floatOf(dtypeOfCode(getInt(node, "to", 1))) as DType;
  const cast: Attributes = { to: int(codeOfDtype(target)) };
  return { ...node, attributes: cast };
}

function convertAttribute(attribute: Attribute): Attribute {
  if (attribute.kind === "tensor") return { kind: "tensor", value: widened(attribute.value) };
  if (attribute.kind === "graph") return { kind: "graph", value: toFloat32(attribute.value) };
  return attribute;
}
