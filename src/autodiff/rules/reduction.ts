/** Gradients of reductions. All have the form dx = dy, spread over the axes, times a slope. */
import { getInt } from "../../onnx/model.ts";
import { sizeOf, toNumbers } from "../../onnx/tensor-data.ts";
import { cast, div, equal, exp, mul, sign, sub, where } from "../../tensor/elementwise.ts";
import { constantOf, type GraphNode, type Tensor } from "../../tensor/graph.ts";
import { expand, reshape } from "../../tensor/movement.ts";
import { reduce, sum } from "../../tensor/reduction.ts";
import { normalizeAxes, range } from "../../tensor/shape.ts";
import type { GradientRule, RuleTable } from "../rule.ts";

/** The axes that a reduction goes over. */
export function reducedAxes(node: GraphNode): number[] {
  const [x, axes] = node.inputs as [Tensor, Tensor | null | undefined];
  const given = axes ? toNumbers(constantOf(axes, `the axes of ${node.name}`)) : [];
  if (given.length > 0) return normalizeAxes(given, x.shape.length);
  return getInt(node, "noop_with_empty_axes", 0) ? [] : range(x.shape.length);
}

type Slope = (parts: {
  readonly x: Tensor;
  /** The result with its reduced axes kept as 1. */
  readonly y: Tensor;
  /** dy with its reduced axes kept as 1. */
  readonly dy: Tensor;
  readonly axes: readonly number[];
  /** How many elements went into each result. */
  readonly count: number;
}) => Tensor;

function reduction_(slope: Slope): GradientRule {
  return ({ node, x, y, dy }) => {
    const input = x[0]!;
    const axes = reducedAxes(node);
    const kept = input.shape.map((dim, i) => (axes.includes(i) ? 1 : dim));
    const count = sizeOf(axes.map((axis) => input.shape[axis]!));
    const dx = slope({ x: input, y: reshape(y[0]!, kept), dy: reshape(dy, kept), axes, count });
    return [expand(dx, input.shape)];
  };
}

/** The gradient of a largest or smallest element goes to all that tie for it, in equal parts. */
const extremum: Slope = ({ x, y, dy, axes }) => {
  const hits = cast(equal(x, y), "float32");
  return mul(hits, div(dy, sum(hits, { axes, keepDims: true })));
};

/**
 * The slope in one factor is the product of the others: y / x, unless there are zeros. Beside one zero all slopes
 * vanish but its own; beside two all do.
 */
const product: Slope = ({ x, dy, axes }) => {
  const over = { axes, keepDims: true };
  const isZero = equal(x, 0);
  const safe = where(isZero, 1, x);
  const others = reduce("ReduceProd", safe, over);
  const zeroCount = sum(cast(isZero, "float32"), over);
  const atZero = where(equal(zeroCount, 1), others, 0);
  const elsewhere = where(equal(zeroCount, 0), div(others, safe), 0);
  return mul(dy, where(isZero, atZero, elsewhere));
};

/** Rules of reductions. */
export const reduction: RuleTable = {
  ReduceSum: reduction_(({ dy }) => dy),
  ReduceMean: reduction_(({ dy, count }) => mul(dy, 1 / count)),
  ReduceMax: reduction_(extremum),
  ReduceMin: reduction_(extremum),
  ReduceProd: reduction_(product),
  ReduceL1: reduction_(({ x, dy }) => mul(dy, sign(x))),
  // The norm has no slope at 0; 0 is the subgradient that PyTorch takes.
  ReduceL2: reduction_(({ x, y, dy }) => mul(x, where(equal(y, 0), 0, div(dy, where(equal(y, 0), 1, y))))),
  ReduceSumSquare: reduction_(({ x, dy }) => mul(mul(x, 2), dy)),
  ReduceLogSum: reduction_(({ y, dy }) => div(dy, exp(y))),
  ReduceLogSumExp: reduction_(({ x, y, dy }) => mul(dy, exp(sub(x, y)))),
};
