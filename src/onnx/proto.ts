/** ONNX files: bytes to plain data and back. This and `replace-weights.ts` alone know protobuf. */
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProtoSchema,
  type FunctionProto,
  type GraphProto,
  GraphProtoSchema,
  AttributeProto_AttributeType as Kind,
  TensorProto_DataLocation as Location,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type TypeProto,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { DrmGuardError, messageOf } from "../errors.ts";
import { codeOfDtype, dtypeOfCode, knownDtype } from "./dtype-codes.ts";
import type { Attribute, OnnxFunction, OnnxGraph, OnnxModel, OnnxNode, OnnxValueInfo } from "./model.ts";
import { type DType, fromBytes, sizeOf, type TensorData, toBytes, toInt64 } from "./tensor-data.ts";

/**
 * Gives the bytes of a tensor that stands in a file beside the model. `length` is null for "to the end of the file".
 * Throws E_EXTERNAL_DATA when the file is missing or may not be read.
 */
export type ExternalDataReader = (location: string, offset: number, length: number | null) => Uint8Array;

const text = new TextDecoder();

/**
 * Reads an ONNX file.
 *
 * Throws E_NOT_ONNX when the bytes are no ONNX model, E_TRUNCATED when tensors are cut short, E_DTYPE for element
 * types that cannot be held, E_EXTERNAL_DATA when tensors lie outside and no reader is given or it refuses.
 *
 * @param bytes the whole file
 * @param external how to get tensors that lie beside the file
 */
export function readModel(bytes: Uint8Array, external?: ExternalDataReader): OnnxModel {
  if (bytes.byteLength === 0)
    throw new DrmGuardError("E_NOT_ONNX", "the file is empty, expected an ONNX model");
  let proto: ModelProto;
  try {
    proto = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    const looksLikeModel = bytes[0] === 0x08 && bytes.byteLength > 2;
    throw new DrmGuardError(
      looksLikeModel ? "E_TRUNCATED" : "E_NOT_ONNX",
      looksLikeModel
        ? `the file starts like an ONNX model but cannot be decoded (${messageOf(cause)}): it is cut short or damaged`
        : `the file is not an ONNX model: ${messageOf(cause)}`,
      { cause },
    );
  }
  if (proto.graph === undefined || proto.graph.node.length === 0 || proto.opsetImport.length === 0) {
    const missing =
      proto.graph === undefined ? "graph" : proto.opsetImport.length === 0 ? "operator set" : "node";
    throw new DrmGuardError("E_NOT_ONNX", `the file is not an ONNX model: it has no ${missing}`);
  }
  return {
    irVersion: Number(proto.irVersion),
    opsets: opsetsOf(proto.opsetImport),
    producer: `${proto.producerName} ${proto.producerVersion}`.trim(),
    metadata: new Map(proto.metadataProps.map(({ key, value }) => [key, value])),
    graph: readGraph(proto.graph, external),
    functions: proto.functions.map((f) => readFunction(f, external)),
  };
}

function opsetsOf(imports: ModelProto["opsetImport"]): Map<string, number> {
  return new Map(imports.map(({ domain, version }) => [domain === "ai.onnx" ? "" : domain, Number(version)]));
}

function readFunction(proto: FunctionProto, external: ExternalDataReader | undefined): OnnxFunction {
  const defaults = proto.attributeProto.map((a) => [a.name, readAttribute(a, external)] as const);
  return {
    domain: proto.domain,
    name: proto.name,
    inputs: proto.input,
    outputs: proto.output,
    attributes: proto.attribute,
    defaults: Object.fromEntries(defaults),
    nodes: proto.node.map((node) => readNode(node, external)),
    opsets: opsetsOf(proto.opsetImport),
  };
}

function readGraph(proto: GraphProto, external: ExternalDataReader | undefined): OnnxGraph {
  if (proto.sparseInitializer.length > 0) {
    throw new DrmGuardError("E_DTYPE", `graph ${proto.name} has sparse weights`, {
      hint: "export dense weights",
    });
  }
  const initializers = new Map(proto.initializer.map((t) => [t.name, readTensor(t, external)]));
  return {
    name: proto.name,
    nodes: proto.node.map((node) => readNode(node, external)),
    // Before IR version 4 every initializer had to be listed among the inputs too.
    inputs: proto.input.filter((input) => !initializers.has(input.name)).map(readValueInfo),
    outputs: proto.output.map(readValueInfo),
    initializers,
  };
}

function readValueInfo(proto: ValueInfoProto): OnnxValueInfo {
  const type = proto.type?.value;
  if (type?.case !== "tensorType") return { name: proto.name, dtype: null, shape: null };
  const dims = type.value.shape?.dim.map(({ value }) => {
    if (value.case === "dimValue") return value.value > 0n ? Number(value.value) : null;
    return value.case === "dimParam" ? value.value : null;
  });
  return { name: proto.name, dtype: knownDtype(type.value.elemType), shape: dims ?? null };
}

function readNode(proto: NodeProto, external: ExternalDataReader | undefined): OnnxNode {
  return {
    name: proto.name,
    op: proto.opType,
    domain: proto.domain === "ai.onnx" ? "" : proto.domain,
    inputs: proto.input,
    outputs: proto.output,
    attributes: Object.fromEntries(proto.attribute.map((a) => [a.name, readAttribute(a, external)])),
  };
}

function readAttribute(proto: AttributeProto, external: ExternalDataReader | undefined): Attribute {
  if (proto.refAttrName !== "") return { kind: "reference", value: proto.refAttrName };
  switch (proto.type) {
    case Kind.INT:
      return { kind: "int", value: Number(proto.i) };
    case Kind.FLOAT:
      return { kind: "float", value: proto.f };
    case Kind.STRING:
      return { kind: "string", value: text.decode(proto.s) };
    case Kind.INTS:
      return { kind: "ints", value: proto.ints.map(Number) };
    case Kind.FLOATS:
      return { kind: "floats", value: proto.floats };
    case Kind.STRINGS:
      return { kind: "strings", value: proto.strings.map((s) => text.decode(s)) };
    case Kind.TENSOR:
      return { kind: "tensor", value: readTensor(proto.t ?? create(TensorProtoSchema), external) };
    case Kind.GRAPH:
      return { kind: "graph", value: readGraph(proto.g ?? create(GraphProtoSchema), external) };
    default:
      return { kind: "other", value: Kind[proto.type] ?? String(proto.type) };
  }
}

function readTensor(proto: TensorProto, external: ExternalDataReader | undefined): TensorData {
  const dtype = dtypeOfCode(proto.dataType);
  const dims = proto.dims.map(Number);
  if (proto.dataLocation === Location.EXTERNAL) {
    return fromBytes(proto.name, dtype, dims, externalBytes(proto, external));
  }
  if (dtype === "string") return { dtype, dims, data: proto.stringData.map((s) => text.decode(s)) };
  if (proto.rawData.byteLength > 0 || sizeOf(dims) === 0)
    return fromBytes(proto.name, dtype, dims, proto.rawData);
  return fromTypedFields(proto, dtype, dims);
}

function externalBytes(proto: TensorProto, external: ExternalDataReader | undefined): Uint8Array {
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get("location");
  if (location === undefined || external === undefined) {
    throw new DrmGuardError(
      "E_EXTERNAL_DATA",
      `tensor ${proto.name} lies in another file (${location ?? "no location given"}), which cannot be read from here`,
      { hint: "save the model with its weights inside" },
    );
  }
  const length = entries.get("length");
  return external(location, Number(entries.get("offset") ?? 0), length === undefined ? null : Number(length));
}

function fromTypedFields(proto: TensorProto, dtype: DType, dims: number[]): TensorData {
  const size = sizeOf(dims);
  const found =
    {
      float32: proto.floatData,
      float64: proto.doubleData,
      int64: proto.int64Data,
      uint64: proto.uint64Data,
      uint32: proto.uint64Data,
    }[dtype as string] ?? proto.int32Data;
  if (found.length !== size) {
    throw new DrmGuardError(
      "E_TRUNCATED",
      `tensor ${proto.name} of shape [${dims.join(", ")}] needs ${size} values, found ${found.length}`,
    );
  }
  const numbers = found as ArrayLike<number>;
  switch (dtype) {
    case "float32":
      return { dtype, dims, data: Float32Array.from(numbers) };
    case "float64":
      return { dtype, dims, data: Float64Array.from(numbers) };
    case "int64":
      return { dtype, dims, data: BigInt64Array.from(proto.int64Data) };
    case "uint64":
      return { dtype, dims, data: BigUint64Array.from(proto.uint64Data) };
    case "uint32":
      return { dtype, dims, data: Uint32Array.from(proto.uint64Data, Number) };
    case "int32":
      return { dtype, dims, data: Int32Array.from(numbers) };
    case "int16":
      return { dtype, dims, data: Int16Array.from(numbers) };
    case "int8":
      return { dtype, dims, data: Int8Array.from(numbers) };
    case "uint8":
    case "bool":
      return { dtype, dims, data: Uint8Array.from(numbers) };
    default:
      return { dtype, dims, data: Uint16Array.from(numbers) };
  }
}

/**
 * Writes an ONNX file. Tensors are written as raw bytes; functions are not written, for the project makes none.
 *
 * @param model the model
 */
export function writeModel(model: OnnxModel): Uint8Array<ArrayBuffer> {
  const proto = create(ModelProtoSchema, {
    irVersion: BigInt(model.irVersion),
    producerName: model.producer,
    opsetImport: [...model.opsets].map(([domain, version]) =>
      create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
    ),
    metadataProps: [...model.metadata].map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    ),
    graph: writeGraph(model.graph),
  });
  return toBinary(ModelProtoSchema, proto) as Uint8Array<ArrayBuffer>;
}

function writeGraph(graph: OnnxGraph): GraphProto {
  return create(GraphProtoSchema, {
    name: graph.name,
    node: graph.nodes.map(writeNode),
    input: graph.inputs.map(writeValueInfo),
    output: graph.outputs.map(writeValueInfo),
    initializer: [...graph.initializers].map(([name, tensor]) => writeTensor(name, tensor)),
  });
}

function writeValueInfo({ name, dtype, shape }: OnnxValueInfo): ValueInfoProto {
  if (dtype === null) return create(ValueInfoProtoSchema, { name });
  const tensorType = create(TypeProto_TensorSchema, { elemType: codeOfDtype(dtype) });
  if (shape !== null) {
    tensorType.shape = {
      $typeName: "onnx.TensorShapeProto",
      dim: shape.map((dim) => ({
        $typeName: "onnx.TensorShapeProto.Dimension",
        denotation: "",
        value:
          typeof dim === "number"
            ? { case: "dimValue", value: BigInt(dim) }
            : typeof dim === "string"
              ? { case: "dimParam", value: dim }
              : { case: undefined },
      })),
    };
  }
  const type: TypeProto = create(TypeProtoSchema, { value: { case: "tensorType", value: tensorType } });
  return create(ValueInfoProtoSchema, { name, type });
}

function writeNode(node: OnnxNode): NodeProto {
  return create(NodeProtoSchema, {
    name: node.name,
    opType: node.op,
    domain: node.domain,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: Object.entries(node.attributes).map(([name, attribute]) => writeAttribute(name, attribute)),
  });
}

const encoder = new TextEncoder();
const utf8 = (value: string): Uint8Array<ArrayBuffer> => encoder.encode(value) as Uint8Array<ArrayBuffer>;

function writeAttribute(name: string, attribute: Attribute): AttributeProto {
  const fields = (): Exclude<MessageInitShape<typeof AttributeProtoSchema>, AttributeProto> => {
    switch (attribute.kind) {
      case "int":
        return { type: Kind.INT, i: toInt64(attribute.value) };
      case "float":
        return { type: Kind.FLOAT, f: attribute.value };
      case "string":
        return { type: Kind.STRING, s: utf8(attribute.value) };
      case "ints":
        return { type: Kind.INTS, ints: attribute.value.map(toInt64) };
      case "floats":
        return { type: Kind.FLOATS, floats: [...attribute.value] };
      case "strings":
        return { type: Kind.STRINGS, strings: attribute.value.map(utf8) };
      case "tensor":
        return { type: Kind.TENSOR, t: writeTensor("", attribute.value) };
      case "graph":
        return { type: Kind.GRAPH, g: writeGraph(attribute.value) };
      default:
        throw new DrmGuardError(
          "E_INVALID_MODEL",
          `attribute ${name} has a kind that is not supported, expected numbers, text, a tensor or a graph`,
        );
    }
  };
  return create(AttributeProtoSchema, { name, ...fields() });
}

function writeTensor(name: string, tensor: TensorData): TensorProto {
  const head = { name, dataType: codeOfDtype(tensor.dtype), dims: tensor.dims.map(BigInt) };
  if (Array.isArray(tensor.data))
    return create(TensorProtoSchema, { ...head, stringData: tensor.data.map(utf8) });
  return create(TensorProtoSchema, { ...head, rawData: toBytes(tensor) });
}
