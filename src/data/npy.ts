/** NumPy arrays in files: format versions 1, 2 and 3 of .npy. */
import { DrmGuardError, messageOf } from "../errors.ts";
import { bytesPerElement, type DType, fromBytes, sizeOf, type TensorData } from "../onnx/tensor-data.ts";

const dtypeOf: Readonly<Record<string, DType>> = {
  f2: "float16",
  f4: "float32",
  f8: "float64",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  u2: "uint16",
  u4: "uint32",
  u8: "uint64",
  b1: "bool",
};

/**
 * Reads an array. Arrays in Fortran order are brought into row-major order.
 *
 * Throws E_IMAGES when the bytes are no .npy file, are cut short, big-endian, or hold what is no number.
 *
 * @param name what to call it in messages
 * @param bytes the whole file
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function readNpy(name: string, bytes: Uint8Array): TensorData {
  const { header, start } = readHeader(name, bytes);
  const { dtype, dims, isFortran } = parseHeader(name, header);
  const needed = sizeOf(dims) * bytesPerElement(dtype);
  const found = bytes.byteLength - start;
  if (found !== needed) {
    throw new DrmGuardError(
      "E_IMAGES",
      `${name} holds ${found} bytes of values, expected ${needed} for ${dtype} [${dims.join(", ")}]`,
    );
  }
  try {
    const array = fromBytes(name, dtype, isFortran ? dims.toReversed() : dims, bytes.subarray(start));
    return isFortran ? transposed(array) : array;
  } catch (cause) {
    throw new DrmGuardError("E_IMAGES", messageOf(cause), { cause });
  }
}

function readHeader(name: string, bytes: Uint8Array): { header: string; start: number } {
  const isNpy =
    bytes.byteLength > 10 && bytes[0] === 0x93 && new TextDecoder().decode(bytes.subarray(1, 6)) === "NUMPY";
  if (!isNpy) throw new DrmGuardError("E_IMAGES", `${name} is no NumPy array: it does not begin as one`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6]!;
  if (version < 1 || version > 3)
    throw new DrmGuardError("E_IMAGES", `${name} has format version ${version}, expected 1, 2 or 3`);
  const begin = version === 1 ? 10 : 12;
  const length =
    version === 1 ? view.getUint16(8, true) : bytes.byteLength >= 12 ? view.getUint32(8, true) : 0;
  if (begin + length > bytes.byteLength)
    throw new DrmGuardError("E_IMAGES", `${name} is cut short in its header`);
  return { header: new TextDecoder().decode(bytes.subarray(begin, begin + length)), start: begin + length };
}

/** The header is a Python dictionary, always written with the same three keys. */
function parseHeader(name: string, header: string): { dtype: DType; dims: number[]; isFortran: boolean } {
  const kind = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const shape = /'shape':\s*\(([\d\s,]*)\)/.exec(header)?.[1];
  if (kind === undefined || order === undefined || shape === undefined) {
    throw new DrmGuardError(
      "E_IMAGES",
      `${name} has a header that is not understood: ${header.trim().slice(0, 120)}`,
    );
  }
  const dtype = dtypeOf[kind.slice(1)];
  if (kind.startsWith(">") && dtype !== undefined) {
    throw new DrmGuardError("E_IMAGES", `${name} is big-endian (${kind}), expected little-endian`, {
      hint: "save it with array.astype(array.dtype.newbyteorder('<'))",
    });
  }
  if (dtype === undefined)
    throw new DrmGuardError("E_IMAGES", `${name} holds elements of type ${kind}, expected numbers`);
  const dims = shape
    .split(",")
    .map((dim) => dim.trim())
    .filter((dim) => dim !== "")
    .map(Number);
  return { dtype, dims, isFortran: order === "True" };
}

/** Reverses the axes: what stands in Fortran order is the transpose of what row-major reading sees. */
function transposed({ dtype, dims, data }: TensorData): TensorData {
  const target = dims.toReversed();
  const source = data as Float32Array;
  const result = new (source.constructor as Float32ArrayConstructor)(source.length);
  // Strides of the source along the axes of the target.
  const strides = dims
    .map((_, axis) => dims.slice(axis + 1).reduce((product, dim) => product * dim, 1))
    .reverse();
  const index = target.map(() => 0);
  let from = 0;
  for (let to = 0; to < source.length; to++) {
    result[to] = source[from]!;
    for (let axis = target.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      from += strides[axis]!;
      if (index[axis]! < target[axis]!) break;
      from -= strides[axis]! * target[axis]!;
      index[axis] = 0;
    }
  }
  return { dtype, dims: target, data: result };
}
