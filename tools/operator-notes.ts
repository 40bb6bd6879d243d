/** What OPERATORS.md says of each operator beyond its name. */

/** An operator's inputs with a gradient, by their place, and its limits. */
export interface OperatorNote {
  /** Names by place, as in ONNX's reference; `all` for operators of any number of inputs. */
  readonly inputs: Readonly<Record<number, string>> | "all";
  readonly limits?: string;
}

const first: OperatorNote = { inputs: { 0: "X" } };
const both: OperatorNote = { inputs: { 0: "A", 1: "B" } };
const ties = "where several elements tie, each gets an equal part";

/** Notes by operator; those that are not listed have a gradient with respect to their first input and no limits. */
const notes: Readonly<Record<string, OperatorNote>> = {
  Add: both,
  AffineGrid: { inputs: { 0: "theta" }, limits: "of images and of volumes" },
  AveragePool: { ...first, limits: "ceil_mode, count_include_pad, dilations, auto_pad" },
  BatchNormalization: {
    inputs: { 0: "X", 1: "scale", 2: "B", 3: "mean", 4: "var" },
    limits: "of models: inference only",
  },
  Clip: {
    inputs: { 0: "input", 1: "min", 2: "max" },
    limits: "on a bound the gradient passes, as in PyTorch",
  },
  Compress: { inputs: { 0: "input" }, limits: "the condition must not depend on the image" },
  Concat: { inputs: "all" },
  Conv: { inputs: { 0: "X", 1: "W", 2: "B" }, limits: "any number of axes, groups, dilations, auto_pad" },
  ConvTranspose: {
    inputs: { 0: "X", 1: "W", 2: "B" },
    limits: "any number of axes, groups, dilations, auto_pad, output_padding, output_shape",
  },
  Div: both,
  Einsum: { inputs: "all", limits: "not of a diagonal, as in ii->i" },
  GatherND: { inputs: { 0: "data" }, limits: "with batch_dims" },
  Gemm: { inputs: { 0: "A", 1: "B", 2: "C" } },
  GlobalMaxPool: { ...first, limits: ties },
  GridSample: {
    inputs: { 0: "X", 1: "grid" },
    limits: "linear, nearest and cubic, every padding_mode, of images and (not cubic) of volumes",
  },
  InstanceNormalization: { inputs: { 0: "input", 1: "scale", 2: "B" } },
  LayerNormalization: { inputs: { 0: "X", 1: "Scale", 2: "B" } },
  LRN: { ...first, limits: "odd sizes: ONNX Runtime has no others" },
  MatMul: both,
  Max: { inputs: "all", limits: ties },
  MaxPool: { ...first, limits: "the gradient goes to the element that ONNX Runtime's indices name" },
  Mean: { inputs: "all" },
  Min: { inputs: "all", limits: ties },
  Mod: { ...both, limits: "fmod = 1, the only form for floats" },
  Mul: both,
  Pad: {
    inputs: { 0: "data", 2: "constant_value" },
    limits: "constant, reflect, edge, wrap; pads must not depend on the image",
  },
  Pow: both,
  PRelu: { inputs: { 0: "X", 1: "slope" } },
  ReduceMax: { ...first, limits: ties },
  ReduceMin: { ...first, limits: ties },
  ReduceProd: { ...first, limits: "with zeros among the factors" },
  Relu: { ...first, limits: "0 at 0, as in PyTorch" },
  Resize: {
    ...first,
    limits:
      "every mode and coordinate transformation, antialias, axes; with keep_aspect_ratio_policy only where no size is rounded",
  },
  ScatterElements: { inputs: { 0: "data", 2: "updates" }, limits: "reduction none and add" },
  ScatterND: { inputs: { 0: "data", 2: "updates" }, limits: "reduction none and add" },
  Slice: { inputs: { 0: "data" }, limits: "starts, ends and steps must not depend on the image" },
  Sub: both,
  Sum: { inputs: "all" },
  Where: { inputs: { 1: "X", 2: "Y" } },
};

/** The note of an operator. */
export function noteOf(op: string): OperatorNote {
  return notes[op] ?? first;
}
