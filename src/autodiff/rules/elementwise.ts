/** Gradients of operators that work on each element alone. */
import { getFloat, getString } from "../../onnx/model.ts";
import { toNumbers } from "../../onnx/tensor-data.ts";
import {
  abs,
  add,
  and,
  cast,
  clip,
  cos,
  div,
  unary as emitUnary,
  equal,
  exp,
  greater,
  greaterOrEqual,
  less,
  lessOrEqual,
  log,
  mul,
  neg,
  type Operand,
  pow,
  reciprocal,
  round,
  sigmoid,
  sin,
  sqrt,
  square,
  sub,
  where,
} from "../../tensor/elementwise.ts";
import { elements, type GraphNode, type Tensor } from "../../tensor/graph.ts";
import { sumTo } from "../../tensor/reduction.ts";
import type { BlockedLayout } from "../blocked.ts";
import type { GradientRule, RuleTable } from "../rule.ts";

type Derivative = (x: Tensor, y: Tensor, node: GraphNode) => Operand;

/** dx = dy f'(x), with f' written in x, y or both. */
function unary(derivative: Derivative): GradientRule {
  return ({ x, y, dy, node }) => [mul(dy, derivative(x[0]!, y[0]!, node))];
}

/** Maps of more bytes than this are gated by Where: the runtime holds masks from the forward pass on, and bytes are smaller. */
const largestProduct = 2 ** 22;

/**
 * dy where a condition holds, 0 elsewhere.
 *
 * A product with 0 or 1 where memory allows it: ONNX Runtime's Where goes over the map three times. An infinite dy behind a
 * closed gate becomes NaN in a product; a run that got there has diverged, and NaN says so.
 */
function gate(condition: Tensor, dy: Tensor): Tensor {
  if (4 * elements(dy) > largestProduct) return where(condition, dy, 0);
  return mul(dy, cast(condition, "float32"));
}

/** The gradient passes where a condition holds. */
function gated(condition: (x: Tensor, y: Tensor, node: GraphNode) => Tensor): GradientRule {
  return ({ x, y, dy, node }) => [gate(condition(x[0]!, y[0]!, node), dy)];
}

/** Broadcasting binary operators: the gradient of each side is summed over the axes along which it was repeated. */
function binary(rule: (a: Tensor, b: Tensor, y: Tensor, dy: Tensor, side: 0 | 1) => Tensor): GradientRule {
  return ({ x, y, dy, wants }) => {
    const [a, b] = x as [Tensor, Tensor];
    return ([0, 1] as const).map((side) =>
      wants(side) ? sumTo(rule(a, b, y[0]!, dy, side), (side === 0 ? a : b).shape) : null,
    );
  };
}

/** Min and Max of any number of tensors: the gradient goes to those that reach it, in equal parts where they tie. */
const extremum: GradientRule = ({ x, y, dy, wants }) => {
  const hits = x.map((input) => cast(equal(input!, y[0]!), "float32"));
  const shared =
    hits.length === 1
      ? dy
      : div(
          dy,
          hits.reduce((a, b) => add(a, b)),
        );
  return x.map((input, i) => (wants(i) ? sumTo(mul(hits[i]!, shared), input!.shape) : null));
};

/** Whether a tensor is a constant without a zero. */
const isNeverZero = ({ value }: Tensor): boolean => value !== null && !toNumbers(value).includes(0);

const power: GradientRule = binary((a, given, y, dy, side) => {
  // The exponent may be of whole numbers.
  const b = cast(given, "float32");
  if (side === 0) {
    const slope = pow(a, sub(b, 1));
    return mul(dy, mul(b, isNeverZero(given) ? slope : where(equal(b, 0), 0, slope)));
  }
  // 0^b has slope 0 in b, where log 0 would give NaN.
  return mul(dy, mul(y, where(greater(a, 0), log(where(greater(a, 0), a, 1)), 0)));
});

/**
 * What goes back through a Clip whose map lies in blocks. Of a layer's output, which is on a bound by chance alone, the cut map is asked, so that the
 * runtime may cut within the convolution before.
 */
function clippedInBlocks(
  blocked: BlockedLayout,
  y: Tensor,
  dy: Tensor,
  low: Tensor | null | undefined,
  high: Tensor | null | undefined,
): Tensor {
  const numberOf = ({ value }: Tensor): number => toNumbers(value!)[0]!;
  const above = low ? blocked.above(y, numberOf(low), dy) : dy;
  return high ? blocked.below(y, numberOf(high), above) : above;
}

/** Times this, every normal float is at least 1. */
const largestFloat = 3.4e38;
const twoOverSqrtPi = 2 / Math.sqrt(Math.PI);
const selu = { alpha: 1.6732632423543772, gamma: 1.0507009873554805 };

/** Rules of elementwise operators. */
export const elementwise: RuleTable = {
  Add: binary((_a, _b, _y, dy) => dy),
  Sub: binary((_a, _b, _y, dy, side) => (side === 0 ? dy : neg(dy))),
  Mul: binary((a, b, _y, dy, side) => mul(dy, side === 0 ? b : a)),
  Div: binary((_a, b, y, dy, side) => (side === 0 ? div(dy, b) : neg(div(mul(dy, y), b)))),
  // With fmod = 1, the only form for floats: y = a - b trunc(a / b), where trunc is constant between its steps.
  Mod: binary((a, b, y, dy, side) => (side === 0 ? dy : neg(mul(dy, round(div(sub(a, y), b)))))),
  Pow: power,
  Sum: ({ x, dy, wants }) => x.map((input, i) => (wants(i) ? sumTo(dy, input!.shape) : null)),
  Mean: ({ x, dy, wants }) =>
    x.map((input, i) => (wants(i) ? sumTo(mul(dy, 1 / x.length), input!.shape) : null)),
  Min: extremum,
  Max: extremum,
  Where: ({ x, dy, wants }) => {
    const [condition, a, b] = x as [Tensor, Tensor, Tensor];
    return [
      null,
      wants(1) ? sumTo(where(condition, dy, 0), a.shape) : null,
      wants(2) ? sumTo(where(condition, 0, dy), b.shape) : null,
    ];
  },
  PRelu: ({ x, dy, wants }) => {
    const [input, slope] = x as [Tensor, Tensor];
    const positive = greater(input, 0);
    return [
      wants(0) ? where(positive, dy, mul(dy, slope)) : null,
      wants(1) ? sumTo(where(positive, 0, mul(dy, input)), slope.shape) : null,
    ];
  },

  Identity: ({ dy }) => [dy],
  Cast: ({ x, dy }) => [x[0]!.dtype === "float32" ? dy : null],
  CastLike: ({ x, dy }) => [x[0]!.dtype === "float32" ? dy : null, null],
  Neg: unary(() => -1),
  // The sign, in two operators that are several times as fast as Sign.
  Abs: unary((x) => clip(mul(x, largestFloat), -1, 1)),
  Reciprocal: unary((_x, y) => neg(square(y))),
  Exp: unary((_x, y) => y),
  Log: unary((x) => reciprocal(x)),
  Sqrt: ({ y, dy }) => [div(mul(dy, 0.5), y[0]!)],
  Erf: unary((x) => mul(exp(neg(square(x))), twoOverSqrtPi)),
  Sin: unary((x) => cos(x)),
  Cos: unary((x) => neg(sin(x))),
  Tan: unary((_x, y) => add(square(y), 1)),
  Asin: unary((x) => reciprocal(sqrt(sub(1, square(x))))),
  Acos: unary((x) => neg(reciprocal(sqrt(sub(1, square(x)))))),
  Atan: unary((x) => reciprocal(add(square(x), 1))),
  Sinh: unary((x) => emitUnary("Cosh", x)),
  Cosh: unary((x) => emitUnary("Sinh", x)),
  Asinh: unary((x) => reciprocal(sqrt(add(square(x), 1)))),
  Acosh: unary((x) => reciprocal(sqrt(sub(square(x), 1)))),
  Atanh: unary((x) => reciprocal(sub(1, square(x)))),

  Relu: ({ y: [y], dy, blocked }) => [blocked?.has(y!) ? blocked.above(y!, 0, dy) : gate(greater(y!, 0), dy)],
  Sigmoid: unary((_x, y) => mul(y, sub(1, y))),
  Tanh: unary((_x, y) => sub(1, square(y))),
  Softplus: unary((x) => sigmoid(x)),
  Softsign: unary((x) => reciprocal(square(add(abs(x), 1)))),
  LeakyRelu: ({ x, dy, node }) => [where(greater(x[0]!, 0), dy, mul(dy, getFloat(node, "alpha", 0.01)))],
  Elu: ({ x, y, dy, node }) => {
    const alpha = getFloat(node, "alpha", 1);
    return [where(greater(x[0]!, 0), dy, mul(dy, add(y[0]!, alpha)))];
  },
  Celu: ({ x, dy, node }) => {
    const alpha = getFloat(node, "alpha", 1);
    return [where(greater(x[0]!, 0), dy, mul(dy, exp(minimumOf(x[0]!, alpha))))];
  },
  Selu: ({ x, y, dy, node }) => {
    const alpha = getFloat(node, "alpha", selu.alpha);
    const gamma = getFloat(node, "gamma", selu.gamma);
    return [where(greater(x[0]!, 0), mul(dy, gamma), mul(dy, add(y[0]!, alpha * gamma)))];
  },
  ThresholdedRelu: gated((x, _y, node) => greater(x, getFloat(node, "alpha", 1))),
  Shrink: gated((x, _y, node) => greater(abs(x), getFloat(node, "lambd", 0.5))),
  HardSigmoid: ({ y, dy, node }) => {
    const inside = and(greater(y[0]!, 0), less(y[0]!, 1));
    return [where(inside, mul(dy, getFloat(node, "alpha", 0.2)), 0)];
  },
  HardSwish: ({ x, dy }) => {
    const inner = mul(dy, add(mul(x[0]!, 1 / 3), 0.5));
    return [where(greater(x[0]!, 3), dy, where(less(x[0]!, -3), 0, inner))];
  },
  Clip: ({ x, y, dy, wants, blocked }) => {
    const [input, low, high] = x as [Tensor, Tensor | null | undefined, Tensor | null | undefined];
    const isConstant = [low, high].every((bound) => bound == null || bound.value !== null);
    if (blocked?.has(input) && isConstant) return [clippedInBlocks(blocked, y[0]!, dy, low, high)];
    // As in PyTorch, a value exactly on a bound lets the gradient through.
    let gradient = dy;
    if (low) gradient = gate(greaterOrEqual(input, low), gradient);
    if (high) gradient = gate(lessOrEqual(input, high), gradient);
    return [
      gradient,
      low && wants(1) ? sumTo(where(less(input, low), dy, 0), low.shape) : null,
      high && wants(2) ? sumTo(where(greater(input, high), dy, 0), high.shape) : null,
    ];
  },
  Gelu: ({ x, dy, node }) => [mul(dy, geluSlope(x[0]!, getString(node, "approximate", "none")))],
  Mish: unary((x) => {
    const t = emitUnary("Tanh", emitUnary("Softplus", x));
    return add(t, mul(mul(x, sigmoid(x)), sub(1, square(t))));
  }),
};

function minimumOf(x: Tensor, alpha: number): Tensor {
  return div(where(greater(x, 0), 0, x), alpha);
}

function geluSlope(x: Tensor, approximate: string): Tensor {
  if (approximate === "none") {
    const cumulative = mul(add(emitUnary("Erf", mul(x, Math.SQRT1_2)), 1), 0.5);
    return add(cumulative, mul(x, mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI))));
  }
  const c = Math.sqrt(2 / Math.PI);
  const t = emitUnary("Tanh", mul(mul(x, add(mul(square(x), 0.044715), 1)), c));
  const inner = mul(add(mul(square(x), 3 * 0.044715), 1), c);
  return add(mul(add(t, 1), 0.5), mul(mul(x, 0.5), mul(sub(1, square(t)), inner)));
}
