/** Recurrent layers, written out step by step: their gradient is then that of the steps. */
import { DrmGuardError } from "../errors.ts";
import {
  type Attribute,
  getInt,
  getString,
  int,
  ints,
  type OnnxGraph,
  type OnnxNode,
} from "../onnx/model.ts";
import { Rewriter } from "../onnx/rewrite.ts";
import { float32, type TensorData, toNumbers } from "../onnx/tensor-data.ts";

/** Operators that are written out here. */
export const recurrentOps: ReadonlySet<string> = new Set(["GRU", "LSTM", "RNN"]);

/** The longest sequence that is written out. */
const longestSequence = 256;

/** What is known of tensors: their shapes, and the values of constants. */
export interface KnownTensors {
  readonly shape: (name: string) => readonly number[];
  readonly value: (name: string) => TensorData | undefined;
}

/**
 * The graph with recurrent nodes written out.
 *
 * Throws E_UNSUPPORTED_OPERATOR for sequences of different lengths or of more than 256 steps, and for clipping and
 * functions other than the usual ones.
 *
 * @see https://onnx.ai/onnx/operators/onnx__LSTM.html and onnx__GRU, onnx__RNN, whose names of gates are used here
 */
export function unrollRecurrent(graph: OnnxGraph, known: KnownTensors): OnnxGraph {
  const to = new Rewriter(graph);
  for (const node of graph.nodes) {
    if (node.domain === "" && recurrentOps.has(node.op)) unroll(node, to, known);
    else to.keep(node);
  }
  return { ...graph, nodes: to.nodes, initializers: to.initializers };
}

/** The state of a layer: the output h, and the cell c of an LSTM. */
interface State {
  readonly h: string;
  readonly c: string;
}

/** The weights of one direction, the axis of directions gone. */
interface Weights {
  /** R transposed, [hidden, gates hidden]. */
  readonly r: string;
  /** The bias of the recurrent product, [gates hidden]; "" for none. */
  readonly rBias: string;
  /** Weights from the cell to the gates i, o and f, each [hidden]; null for none. */
  readonly peepholes: readonly [string, string, string] | null;
  readonly activations: readonly string[];
  readonly hidden: number;
}

/** One step: `x` is X W + bias of the step, [batch, gates hidden]. */
type Step = (to: Rewriter, x: string, state: State, weights: Weights, node: OnnxNode) => State;

function unroll(node: OnnxNode, to: Rewriter, known: KnownTensors): void {
  assertUsual(node, known);
  const direction = getString(node, "direction", "forward");
  const directions = direction === "bidirectional" ? ["forward", "reverse"] : [direction];
  const [length, batch] = known.shape(node.inputs[0]!) as [number, number];
  const results = directions.map((each, k) =>
    unrollDirection(node, to, length, batch, k, each === "reverse"),
  );
  const [y = "", lastH = "", lastC = ""] = node.outputs;
  const joined = (parts: readonly string[], axis: number, output: string): void => {
    if (output === "") return;
    const unsqueezed = parts.map((part) => to.emit("Unsqueeze", [part, to.ints([axis])]));
    to.emit("Concat", unsqueezed, { axis: int(axis) }, output);
  };
  joined(
    results.map(({ all }) => all),
    1,
    y,
  );
  joined(
    results.map(({ last }) => last.h),
    0,
    lastH,
  );
  joined(
    results.map(({ last }) => last.c),
    0,
    lastC,
  );
}

/** All outputs [length, batch, hidden] of one direction, and the last state. */
function unrollDirection(
  node: OnnxNode,
  to: Rewriter,
  length: number,
  batch: number,
  k: number,
  isReversed: boolean,
): { all: string; last: State } {
  const [x, w, r, bias = "", , h0 = "", c0 = "", p = ""] = node.inputs as string[];
  const { gates, step } = layers[node.op]!;
  const hidden = getInt(node, "hidden_size", 0);
  const own = (name: string): string => at(to, name, 0, k);
  const part = (name: string, start: number, count: number): string =>
    slice(to, name, 0, start * hidden, (start + count) * hidden);
  const biases = bias === "" ? "" : own(bias);
  const isRecurrentBiasApart = node.op === "GRU" && getInt(node, "linear_before_reset", 0) !== 0;
  let inputs = to.emit("MatMul", [x!, transposed(to, own(w!))]);
  if (biases !== "") {
    inputs = to.emit("Add", [inputs, part(biases, 0, gates)]);
    if (!isRecurrentBiasApart) inputs = to.emit("Add", [inputs, part(biases, gates, gates)]);
  }
  const zeros = (): string =>
    to.constant(float32(new Float32Array(batch * hidden), [batch, hidden]), "initial state");
  const weights: Weights = {
    r: transposed(to, own(r!)),
    rBias: isRecurrentBiasApart && biases !== "" ? part(biases, gates, gates) : "",
    peepholes: p === "" ? null : [part(own(p), 0, 1), part(own(p), 1, 1), part(own(p), 2, 1)],
    activations: activationsOf(node, k),
    hidden,
  };
  let state: State = {
    h: h0 === "" ? zeros() : own(h0),
    c: node.op === "LSTM" && c0 !== "" ? own(c0) : zeros(),
  };
  const outputs = new Array<string>(length);
  for (let i = 0; i < length; i++) {
    const place = isReversed ? length - 1 - i : i;
    state = step(to, at(to, inputs, 0, place), state, weights, node);
    outputs[place] = to.emit("Unsqueeze", [state.h, to.ints([0])]);
  }
  return { all: to.emit("Concat", outputs, { axis: int(0) }), last: state };
}

/** i, f, o gate the cell: C = f C + i c~, H = o h(C). The gates stand in the order i, o, f, c. */
const lstmStep: Step = (to, x, state, { r, peepholes, activations, hidden }) => {
  const [f, g, h] = activations as [string, string, string];
  const gates = to.emit("Add", [x, to.emit("MatMul", [state.h, r])]);
  const gate = (place: number, cell: string, activation: string): string => {
    const own = slice(to, gates, 1, place * hidden, (place + 1) * hidden);
    const weight = place < 3 ? peepholes?.[place] : undefined;
    const peeked = weight === undefined ? own : to.emit("Add", [own, to.emit("Mul", [weight, cell])]);
    return to.emit(activation, [peeked]);
  };
  const kept = to.emit("Mul", [gate(2, state.c, f), state.c]);
  const c = to.emit("Add", [kept, to.emit("Mul", [gate(0, state.c, f), gate(3, state.c, g)])]);
  return { h: to.emit("Mul", [gate(1, c, f), to.emit(h, [c])]), c };
};

/** z mixes the old output with the new one, h~, for which r gates the old: H = (1 - z) h~ + z H. Order: z, r, h. */
const gruStep: Step = (to, x, state, { r, rBias, activations, hidden }, node) => {
  const [f, g] = activations as [string, string];
  const split = (name: string): [string, string] => [
    slice(to, name, 1, 0, 2 * hidden),
    slice(to, name, 1, 2 * hidden, 3 * hidden),
  ];
  const [xGates, xNew] = split(x);
  const [rGates, rNew] = split(r);
  const biased = (product: string, start: number, end: number): string =>
    rBias === "" ? product : to.emit("Add", [product, slice(to, rBias, 0, start * hidden, end * hidden)]);
  const gates = to.emit(f, [to.emit("Add", [xGates, biased(to.emit("MatMul", [state.h, rGates]), 0, 2)])]);
  const z = slice(to, gates, 1, 0, hidden);
  const reset = slice(to, gates, 1, hidden, 2 * hidden);
  const isLinearFirst = getInt(node, "linear_before_reset", 0) !== 0;
  const recurrent = isLinearFirst
    ? to.emit("Mul", [reset, biased(to.emit("MatMul", [state.h, rNew]), 2, 3)])
    : to.emit("MatMul", [to.emit("Mul", [reset, state.h]), rNew]);
  const fresh = to.emit(g, [to.emit("Add", [xNew, recurrent])]);
  const mixed = to.emit("Mul", [z, to.emit("Sub", [state.h, fresh])]);
  return { h: to.emit("Add", [fresh, mixed]), c: state.c };
};

const rnnStep: Step = (to, x, state, { r, activations }) => {
  const sum = to.emit("Add", [x, to.emit("MatMul", [state.h, r])]);
  return { h: to.emit(activations[0]!, [sum]), c: state.c };
};

const layers: Readonly<Record<string, { gates: number; step: Step; activations: readonly string[] }>> = {
  LSTM: { gates: 4, step: lstmStep, activations: ["Sigmoid", "Tanh", "Tanh"] },
  GRU: { gates: 3, step: gruStep, activations: ["Sigmoid", "Tanh"] },
  RNN: { gates: 1, step: rnnStep, activations: ["Tanh"] },
};

const knownActivations: ReadonlySet<string> = new Set(["Relu", "Sigmoid", "Softplus", "Softsign", "Tanh"]);

/** The functions of a direction, in ONNX's order. */
function activationsOf(node: OnnxNode, direction: number): readonly string[] {
  const usual = layers[node.op]!.activations;
  const given: Attribute | undefined = node.attributes.activations;
  if (given?.kind !== "strings") return usual;
  return given.value.slice(direction * usual.length, (direction + 1) * usual.length);
}

function assertUsual(node: OnnxNode, known: KnownTensors): void {
  const [length, batch] = known.shape(node.inputs[0]!) as [number, number];
  const lengths = node.inputs[4] ? known.value(node.inputs[4]) : undefined;
  const isWhole =
    !node.inputs[4] || (lengths !== undefined && toNumbers(lengths).every((each) => each === length));
  const unusual = [
    isWhole ? "" : "sequences of different lengths",
    length > longestSequence ? `${length} steps` : "",
    getInt(node, "layout", 0) === 0 ? "" : "layout 1",
    node.attributes.clip === undefined ? "" : "clip",
    getInt(node, "input_forget", 0) === 0 ? "" : "input_forget",
    [0, 1].flatMap((k) => activationsOf(node, k)).every((each) => knownActivations.has(each))
      ? ""
      : "unusual functions",
  ].filter((what) => what !== "");
  if (unusual.length === 0) return;
  throw new DrmGuardError(
    "E_UNSUPPORTED_OPERATOR",
    `${node.op} (${node.name}) with ${unusual.join(", ")}, expected at most ${longestSequence} steps of ${batch} whole sequences`,
  );
}

const transposed = (to: Rewriter, x: string): string => to.emit("Transpose", [x], { perm: ints([1, 0]) });

/** One element of an axis, the axis gone. */
const at = (to: Rewriter, x: string, axis: number, index: number): string =>
  to.emit("Squeeze", [slice(to, x, axis, index, index + 1), to.ints([axis])]);

const slice = (to: Rewriter, x: string, axis: number, start: number, end: number): string =>
  to.emit("Slice", [x, to.ints([start]), to.ints([end]), to.ints([axis])]);
