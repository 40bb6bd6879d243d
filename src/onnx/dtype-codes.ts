/** What element types are called in ONNX files: numbers of TensorProto.DataType. */
import { DrmGuardError } from "../errors.ts";
import type { DType } from "./tensor-data.ts";

const codes: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
};
const dtypes: ReadonlyMap<number, DType> = new Map(
  Object.entries(codes).map(([dtype, code]) => [code, dtype as DType]),
);
/** What cannot be held, by name, for messages. */
const unsupported: Readonly<Record<number, string>> = {
  14: "COMPLEX64",
  15: "COMPLEX128",
  17: "FLOAT8E4M3FN",
  18: "FLOAT8E4M3FNUZ",
  19: "FLOAT8E5M2",
  20: "FLOAT8E5M2FNUZ",
  21: "UINT4",
  22: "INT4",
  23: "FLOAT4E2M1",
  24: "FLOAT8E8M0",
  25: "UINT2",
  26: "INT2",
};

/** The element type behind an ONNX type code; null for codes that DRMGuard does not hold. */
export function knownDtype(code: number): DType | null {
  return dtypes.get(code) ?? null;
}

/**
 * The element type behind an ONNX type code. Throws E_DTYPE for codes that DRMGuard does not hold.
 *
 * @param code TensorProto.DataType
 */
export function dtypeOfCode(code: number): DType {
  const dtype = knownDtype(code);
  if (dtype === null) {
    throw new DrmGuardError("E_DTYPE", `unsupported element type ${unsupported[code] ?? code}`, {
      hint: "export the model with float32 weights",
    });
  }
  return dtype;
}

/** The ONNX type code of an element type (TensorProto.DataType). */
export function codeOfDtype(dtype: DType): number {
  return codes[dtype];
}
