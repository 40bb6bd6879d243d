/** Elementwise functions; all broadcast, and take numbers where they take tensors. */
import { DrmGuardError } from "../errors.ts";
import { codeOfDtype } from "../onnx/dtype-codes.ts";
import { type Attributes, float, int } from "../onnx/model.ts";
import { type DType, float32, int64, type TensorData } from "../onnx/tensor-data.ts";
import type { Graph, Tensor } from "./graph.ts";
import { broadcastShapes } from "./shape.ts";

/** A tensor or a number that broadcasts. */
export type Operand = Tensor | number;

/** A scalar of the same type as another tensor. */
export function scalarLike(like: Tensor, value: number): Tensor {
  return like.graph.constant(scalar(like.dtype, value));
}

function scalar(dtype: DType, value: number): TensorData {
  if (dtype === "float32") return float32([value], []);
  if (dtype === "int64") return int64([value], []);
  if (dtype === "int32") return { dtype, dims: [], data: Int32Array.of(value) };
  if (dtype === "bool") return { dtype, dims: [], data: Uint8Array.of(value) };
  throw new DrmGuardError("E_DTYPE", `no scalar of type ${dtype} is ever needed`);
}

function operands(...values: Operand[]): Tensor[] {
  const like = values.find((value) => typeof value !== "number");
  if (like === undefined) throw new DrmGuardError("E_INTERNAL", "an operator needs at least one tensor");
  return values.map((value) => (typeof value === "number" ? scalarLike(like, value) : value));
}

/** Emits an operator of one tensor with an output of the same shape. */
export function unary(op: string, x: Tensor, attributes: Attributes = {}): Tensor {
  return x.graph.emit(op, [x], [{ shape: x.shape, dtype: x.dtype }], attributes)[0]!;
}

/** Emits an operator of several tensors that broadcast. */
export function nary(op: string, values: readonly Operand[], dtype?: DType): Tensor {
  const tensors = operands(...values);
  const shape = tensors.map((t) => t.shape).reduce((a, b) => broadcastShapes(a, b));
  return tensors[0]!.graph.emit(op, tensors, [{ shape, dtype: dtype ?? tensors[0]!.dtype }])[0]!;
}

/** a + b */
export const add = (a: Operand, b: Operand): Tensor => (b === 0 ? (a as Tensor) : nary("Add", [a, b]));
/** a - b */
export const sub = (a: Operand, b: Operand): Tensor => (b === 0 ? (a as Tensor) : nary("Sub", [a, b]));
/** a b */
export const mul = (a: Operand, b: Operand): Tensor => (b === 1 ? (a as Tensor) : nary("Mul", [a, b]));
/** a / b */
export const div = (a: Operand, b: Operand): Tensor => (b === 1 ? (a as Tensor) : nary("Div", [a, b]));
/** a to the power of b */
export const pow = (a: Operand, b: Operand): Tensor => nary("Pow", [a, b]);
/** The smaller of a and b */
export const minimum = (a: Operand, b: Operand): Tensor => nary("Min", [a, b]);
/** The larger of a and b */
export const maximum = (a: Operand, b: Operand): Tensor => nary("Max", [a, b]);
/** a > b, as bool */
export const greater = (a: Operand, b: Operand): Tensor => nary("Greater", [a, b], "bool");
/** a >= b, as bool */
export const greaterOrEqual = (a: Operand, b: Operand): Tensor => nary("GreaterOrEqual", [a, b], "bool");
/** a < b, as bool */
export const less = (a: Operand, b: Operand): Tensor => nary("Less", [a, b], "bool");
/** a <= b, as bool */
export const lessOrEqual = (a: Operand, b: Operand): Tensor => nary("LessOrEqual", [a, b], "bool");
/** a = b, as bool */
export const equal = (a: Operand, b: Operand): Tensor => nary("Equal", [a, b], "bool");
/** Both of two bools */
export const and = (a: Tensor, b: Tensor): Tensor => nary("And", [a, b], "bool");
/** a where the condition holds, b elsewhere */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const [x, y] = operands(a, b) as [Tensor, Tensor];
  const shape = broadcastShapes(condition.shape, broadcastShapes(x.shape, y.shape));
  return condition.graph.emit("Where", [condition, x, y], [{ shape, dtype: x.dtype }])[0]!;
}
/** The sum of tensors of one shape */
export const addAll = (values: readonly Tensor[]): Tensor => values.reduce((a, b) => add(a, b));

/** -x */
export const neg = (x: Tensor): Tensor => unary("Neg", x);
/** |x| */
export const abs = (x: Tensor): Tensor => unary("Abs", x);
/** -1, 0 or 1 */
export const sign = (x: Tensor): Tensor => unary("Sign", x);
/** The largest whole number not above x */
export const floor = (x: Tensor): Tensor => unary("Floor", x);
/** The nearest whole number; halves go to the even one */
export const round = (x: Tensor): Tensor => unary("Round", x);
/** e to the power of x */
export const exp = (x: Tensor): Tensor => unary("Exp", x);
/** The natural logarithm */
export const log = (x: Tensor): Tensor => unary("Log", x);
/** The square root */
export const sqrt = (x: Tensor): Tensor => unary("Sqrt", x);
/** 1 / x */
export const reciprocal = (x: Tensor): Tensor => unary("Reciprocal", x);
/** x^2 */
export const square = (x: Tensor): Tensor => mul(x, x);
/** 1 / (1 + e^-x) */
export const sigmoid = (x: Tensor): Tensor => unary("Sigmoid", x);
/** The hyperbolic tangent */
export const tanh = (x: Tensor): Tensor => unary("Tanh", x);
/** max(x, 0) */
export const relu = (x: Tensor): Tensor => unary("Relu", x);
/** The error function */
export const erf = (x: Tensor): Tensor => unary("Erf", x);
/** The sine; x in radians */
export const sin = (x: Tensor): Tensor => unary("Sin", x);
/** The cosine; x in radians */
export const cos = (x: Tensor): Tensor => unary("Cos", x);
/** The angle in radians whose cosine is x */
export const arccos = (x: Tensor): Tensor => unary("Acos", x);
/** x where it is at least 0, slope x elsewhere */
export const leakyRelu = (x: Tensor, slope: number): Tensor => unary("LeakyRelu", x, { alpha: float(slope) });

/** x kept within [low, high] */
export function clip(x: Tensor, low: number, high: number): Tensor {
  const bounds = [scalarLike(x, low), scalarLike(x, high)];
  return x.graph.emit("Clip", [x, ...bounds], [{ shape: x.shape, dtype: x.dtype }])[0]!;
}

/** x as another type */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  return x.graph.emit("Cast", [x], [{ shape: x.shape, dtype }], { to: int(codeOfDtype(dtype)) })[0]!;
}

/** A constant filled with one number. */
export function full(graph: Graph, shape: readonly number[], value: number): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return graph.constant(float32(new Float32Array(size).fill(value), shape));
}
