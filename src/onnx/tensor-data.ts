/** Tensors with values: the constants of an ONNX file and the arrays that go in and out of a run. */
import { DrmGuardError } from "../errors.ts";

/** Element types of ONNX that DRMGuard can hold. `float16` and `bfloat16` are kept as their bits. */
export type DType =
  | "float32"
  | "float64"
  | "float16"
  | "bfloat16"
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "bool"
  | "string";

/** The JavaScript arrays that hold elements. */
export type ElementArray =
  | Float32Array
  | Float64Array
  | Uint16Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | string[];

/** An array with a shape. `data` is in row-major order and has exactly `sizeOf(dims)` elements. */
export interface TensorData {
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly data: ElementArray;
}

interface ElementKind {
  readonly bytes: number;
  readonly create: (size: number) => ElementArray;
  readonly view: ((buffer: ArrayBuffer) => ElementArray) | null;
}

const kinds: Record<DType, ElementKind> = {
  float32: { bytes: 4, create: (n) => new Float32Array(n), view: (b) => new Float32Array(b) },
  float64: { bytes: 8, create: (n) => new Float64Array(n), view: (b) => new Float64Array(b) },
  float16: { bytes: 2, create: (n) => new Uint16Array(n), view: (b) => new Uint16Array(b) },
  bfloat16: { bytes: 2, create: (n) => new Uint16Array(n), view: (b) => new Uint16Array(b) },
  int8: { bytes: 1, create: (n) => new Int8Array(n), view: (b) => new Int8Array(b) },
  uint8: { bytes: 1, create: (n) => new Uint8Array(n), view: (b) => new Uint8Array(b) },
  int16: { bytes: 2, create: (n) => new Int16Array(n), view: (b) => new Int16Array(b) },
  uint16: { bytes: 2, create: (n) => new Uint16Array(n), view: (b) => new Uint16Array(b) },
  int32: { bytes: 4, create: (n) => new Int32Array(n), view: (b) => new Int32Array(b) },
  uint32: { bytes: 4, create: (n) => new Uint32Array(n), view: (b) => new Uint32Array(b) },
  int64: { bytes: 8, create: (n) => new BigInt64Array(n), view: (b) => new BigInt64Array(b) },
  uint64: { bytes: 8, create: (n) => new BigUint64Array(n), view: (b) => new BigUint64Array(b) },
  bool: { bytes: 1, create: (n) => new Uint8Array(n), view: (b) => new Uint8Array(b) },
  string: { bytes: 0, create: (n) => new Array<string>(n).fill(""), view: null },
};

/** The number of elements of a shape; 1 for a scalar. */
export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((size, dim) => size * dim, 1);
}

/** Bytes of one element in a file; 0 for strings. */
export function bytesPerElement(dtype: DType): number {
  return kinds[dtype].bytes;
}

/** True for the types that carry a gradient once they are converted to float32. */
export function isFloat(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float64" || dtype === "float16" || dtype === "bfloat16";
}

/** A tensor of zeros (empty strings for `string`). */
export function zeros(dtype: DType, dims: readonly number[]): TensorData {
  return { dtype, dims: [...dims], data: kinds[dtype].create(sizeOf(dims)) };
}

/** A float32 tensor from numbers; shape `[values.length]` unless given. Throws E_SHAPE when they do not fit. */
export function float32(values: ArrayLike<number>, dims: readonly number[] = [values.length]): TensorData {
  const data = values instanceof Float32Array ? values : Float32Array.from(values);
  return checked({ dtype: "float32", dims: [...dims], data });
}

/** An int64 tensor from whole numbers; shape `[values.length]` unless given. Throws E_SHAPE when they do not fit. */
export function int64(values: readonly number[], dims: readonly number[] = [values.length]): TensorData {
  return checked({ dtype: "int64", dims: [...dims], data: BigInt64Array.from(values, toInt64) });
}

const maxInt64 = 2n ** 63n - 1n;

/** A whole number as an int64, clamped: exporters write "to the end" as numbers beyond 2^53. */
export function toInt64(value: number): bigint {
  const exact = BigInt(Math.trunc(value));
  return exact > maxInt64 ? maxInt64 : exact < -maxInt64 ? -maxInt64 : exact;
}

/**
 * A tensor from the little-endian bytes of an ONNX file. The bytes are copied (not with slice, which is a view in Node): they start at any offset,
 * and typed arrays must be aligned. Throws E_TRUNCATED when their number does not fit the shape.
 */
export function fromBytes(
  name: string,
  dtype: DType,
  dims: readonly number[],
  bytes: Uint8Array,
): TensorData {
  const kind = kinds[dtype];
  if (kind.view === null) throw new DrmGuardError("E_DTYPE", `tensor ${name} holds strings as raw bytes`);
  const expected = sizeOf(dims) * kind.bytes;
  if (bytes.byteLength !== expected) {
    throw new DrmGuardError(
      "E_TRUNCATED",
      `tensor ${name} of type ${dtype} and shape [${dims.join(", ")}] needs ${expected} bytes, found ${bytes.byteLength}`,
    );
  }
  return { dtype, dims: [...dims], data: kind.view(new Uint8Array(bytes).buffer) };
}

/** The little-endian bytes of a tensor, a view of its memory where it has one. Throws E_DTYPE for strings. */
export function toBytes(tensor: TensorData): Uint8Array<ArrayBuffer> {
  if (Array.isArray(tensor.data)) throw new DrmGuardError("E_DTYPE", "strings have no raw bytes");
  const { buffer, byteOffset, byteLength } = tensor.data;
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** The elements as numbers, in order. int64 beyond 2^53 lose precision. Throws E_DTYPE for strings. */
export function toNumbers(tensor: TensorData): number[] {
  const { data, dtype } = tensor;
  if (Array.isArray(data)) throw new DrmGuardError("E_DTYPE", "strings are not numbers");
  if (dtype === "float16") return Array.from(data as Uint16Array, float16ToNumber);
  if (dtype === "bfloat16") return Array.from(data as Uint16Array, bfloat16ToNumber);
  return Array.from(data as ArrayLike<number | bigint>, Number);
}

/** The same values as float32. Throws E_DTYPE for strings. */
export function asFloat32(tensor: TensorData): TensorData {
  if (tensor.dtype === "float32") return tensor;
  return { dtype: "float32", dims: tensor.dims, data: Float32Array.from(toNumbers(tensor)) };
}

/** IEEE 754 half precision bits to a number. */
export function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const wordView = new DataView(new ArrayBuffer(4));

function bfloat16ToNumber(bits: number): number {
  wordView.setUint32(0, bits << 16);
  return wordView.getFloat32(0);
}

/** A number as IEEE 754 half precision bits, rounded to the nearest, ties to even; what is too large becomes infinite. */
export function numberToFloat16(value: number): number {
  wordView.setFloat32(0, value);
  const bits = wordView.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  const fraction = bits & 0x7fffff;
  if (exponent === 143) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
  if (exponent >= 31) return sign | 0x7c00;
  if (exponent < -10) return sign;
  // Below the smallest normal number the leading one is written out, and moved to where its exponent says.
  const [whole, shift] =
    exponent > 0 ? [(exponent << 23) | fraction, 13] : [fraction | 0x800000, 14 - exponent];
  return sign | roundedShift(whole, shift);
}

/** A number as bfloat16 bits, rounded to the nearest, ties to even. */
export function numberToBfloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  wordView.setFloat32(0, value);
  return roundedShift(wordView.getUint32(0), 16) & 0xffff;
}

function roundedShift(bits: number, shift: number): number {
  const kept = bits >>> shift;
  const rest = bits & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}

function checked(tensor: TensorData): TensorData {
  if (tensor.data.length !== sizeOf(tensor.dims)) {
    throw new DrmGuardError(
      "E_SHAPE",
      `found ${tensor.data.length} values for shape [${tensor.dims.join(", ")}], expected ${sizeOf(tensor.dims)}`,
    );
  }
  return tensor;
}
