/** Operators that no program holds, and what is written in their place. */

/** An operator that is replaced when a model is read. */
export interface RewrittenOperator {
  readonly op: string;
  readonly as: string;
  /** The forms that are refused; empty for none. */
  readonly not: string;
}

/** Recurrent layers, and those of the upgrade table that become others; the rest of it only changes how attributes are given. */
export const rewrittenOperators: readonly RewrittenOperator[] = [
  { op: "Attention", as: "MatMul and Softmax", not: "caches, grouped heads, causal masks" },
  { op: "Constant", as: "an initialiser", not: "sparse values" },
  { op: "Dropout", as: "Identity", not: "" },
  ...["GRU", "LSTM", "RNN"].map((op) => ({
    op,
    as: "its steps",
    not: "more than 256 steps, sequences of different lengths, clip, unusual functions",
  })),
  { op: "GroupNormalization", as: "InstanceNormalization of groups", not: "" },
  { op: "MeanVarianceNormalization", as: "ReduceMean", not: "" },
  { op: "RMSNormalization", as: "ReduceMean", not: "axes counted from the first" },
  { op: "RotaryEmbedding", as: "Split, Mul and Concat", not: "of a part of the features" },
  { op: "Scatter", as: "ScatterElements", not: "" },
  { op: "Swish", as: "Sigmoid and Mul", not: "" },
  { op: "Upsample", as: "Resize", not: "" },
];
