/** A file with other weights and nothing else changed: it is patched, not written anew. */
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  type GraphProto,
  TensorProto_DataLocation as Location,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
} from "onnx-buf";
import { DrmGuardError } from "../errors.ts";
import { dtypeOfCode } from "./dtype-codes.ts";
import { type DType, numberToBfloat16, numberToFloat16, sizeOf } from "./tensor-data.ts";

/** Bytes to be written into a copy of a file beside the model. */
export interface ExternalPatch {
  /** The file that the model named. */
  readonly location: string;
  /** What the patched model calls the copy. */
  readonly copy: string;
  readonly parts: readonly { readonly offset: number; readonly bytes: Uint8Array<ArrayBuffer> }[];
}

/** A patched model. */
export interface PatchedModel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** One for each file that the model keeps weights in; none where it holds them itself. */
  readonly external: readonly ExternalPatch[];
}

/**
 * Replaces values of initializers and of Constant nodes of the main graph. Each keeps its type and the way it is stored; all other
 * fields stay, those that are not known here too. Files beside the model get other names, so that the copy never
 * shares weights with the original.
 *
 * Throws E_SHAPE when there is no such tensor or its size differs, E_DTYPE when it holds no floats.
 *
 * @param bytes the whole file
 * @param weights new values by the names of tensors
 * @param copyOf what the copy of a file beside the model is called
 */
export function replaceWeights(
  bytes: Uint8Array,
  weights: ReadonlyMap<string, Float32Array>,
  copyOf: (location: string, index: number) => string,
): PatchedModel {
  const proto = fromBinary(ModelProtoSchema, bytes);
  const graph = proto.graph!;
  const patches = new Map<
    string,
    ExternalPatch & { parts: { offset: number; bytes: Uint8Array<ArrayBuffer> }[] }
  >();
  const tensors = [
    ...tensorsOfGraph(graph),
    ...proto.functions.flatMap(({ node, attributeProto }) => [
      ...node.flatMap(tensorsOfNode),
      ...attributeProto.flatMap(tensorsOfAttribute),
    ]),
  ].filter(({ dataLocation }) => dataLocation === Location.EXTERNAL);
  for (const tensor of tensors) {
    const location = entryOf(tensor, "location") ?? "";
    if (!patches.has(location)) {
      patches.set(location, { location, copy: copyOf(location, patches.size), parts: [] });
    }
  }
  const missing = new Set(weights.keys());
  const put = (name: string, tensor: TensorProto): void => {
    const values = weights.get(name);
    if (values === undefined) return;
    missing.delete(name);
    const patch = patches.get(entryOf(tensor, "location") ?? "");
    replaceValues(tensor, name, values, (encoded) =>
      patch!.parts.push({ offset: Number(entryOf(tensor, "offset") ?? 0), bytes: encoded }),
    );
  };
  for (const tensor of graph.initializer) put(tensor.name, tensor);
  for (const node of graph.node) putConstant(node, weights, put, missing);
  if (missing.size > 0) {
    throw new DrmGuardError(
      "E_SHAPE",
      `found no weights ${[...missing].join(", ")}, expected them in the file`,
    );
  }
  for (const tensor of tensors) {
    const { copy, parts } = patches.get(entryOf(tensor, "location") ?? "")!;
    // A sum over a file that was changed would no longer be true.
    if (parts.length > 0) tensor.externalData = tensor.externalData.filter(({ key }) => key !== "checksum");
    for (const entry of tensor.externalData) if (entry.key === "location") entry.value = copy;
  }
  return {
    bytes: toBinary(ModelProtoSchema, proto) as Uint8Array<ArrayBuffer>,
    external: [...patches.values()],
  };
}

function putConstant(
  node: NodeProto,
  weights: ReadonlyMap<string, Float32Array>,
  put: (name: string, tensor: TensorProto) => void,
  missing: Set<string>,
): void {
  const name = node.output[0];
  if (node.opType !== "Constant" || name === undefined) return;
  for (const attribute of node.attribute) {
    if (attribute.t !== undefined) put(name, attribute.t);
    const values = weights.get(name);
    if (values === undefined || attribute.name !== "value_floats") continue;
    assertSize(name, values, attribute.floats.length);
    attribute.floats = [...values];
    missing.delete(name);
  }
}

function replaceValues(
  tensor: TensorProto,
  name: string,
  values: Float32Array,
  putOutside: (bytes: Uint8Array<ArrayBuffer>) => void,
): void {
  assertSize(name, values, sizeOf(tensor.dims.map(Number)));
  const dtype = dtypeOfCode(tensor.dataType);
  const encode = encoders[dtype];
  if (encode === undefined) {
    throw new DrmGuardError("E_DTYPE", `found ${name} of type ${dtype}, expected floats`);
  }
  const encoded = encode(values);
  if (tensor.dataLocation === Location.EXTERNAL) putOutside(bytesOf(encoded));
  else if (tensor.rawData.byteLength > 0) tensor.rawData = bytesOf(encoded);
  else if (dtype === "float32") tensor.floatData = [...encoded];
  else if (dtype === "float64") tensor.doubleData = [...encoded];
  else tensor.int32Data = [...encoded];
}

const encoders: Partial<Record<DType, (values: Float32Array) => Float32Array | Float64Array | Uint16Array>> =
  {
    float32: (values) => values.slice(),
    float64: (values) => Float64Array.from(values),
    float16: (values) => Uint16Array.from(values, numberToFloat16),
    bfloat16: (values) => Uint16Array.from(values, numberToBfloat16),
  };

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

function assertSize(name: string, { length }: Float32Array, expected: number): void {
  if (length === expected) return;
  throw new DrmGuardError("E_SHAPE", `found ${length} values for ${name}, expected ${expected}`);
}

function entryOf({ externalData }: TensorProto, wanted: string): string | undefined {
  return externalData.find(({ key }) => key === wanted)?.value;
}

function tensorsOfGraph({ initializer, node }: GraphProto): TensorProto[] {
  return [...initializer, ...node.flatMap(tensorsOfNode)];
}

function tensorsOfNode({ attribute }: NodeProto): TensorProto[] {
  return attribute.flatMap(tensorsOfAttribute);
}

function tensorsOfAttribute({ t, g, tensors, graphs }: AttributeProto): TensorProto[] {
  return [
    ...(t === undefined ? [] : [t]),
    ...tensors,
    ...(g === undefined ? [] : tensorsOfGraph(g)),
    ...graphs.flatMap(tensorsOfGraph),
  ];
}
