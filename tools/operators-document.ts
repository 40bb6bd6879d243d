/** OPERATORS.md: which operators a model may have, and where gradients pass. */
import { piecewiseConstant } from "../src/autodiff/grad.ts";
import { ruleGroups } from "../src/autodiff/registry.ts";
import { newestOpset, oldestOpset } from "../src/onnx/upgrade.ts";
import { programOpset } from "../src/tensor/graph.ts";
import { noteOf } from "./operator-notes.ts";
import { rewrittenOperators } from "./rewritten-operators.ts";

/** The document, made from the tables that the program itself uses. */
export function operatorsDocument(): string {
  return [
    "# Operators",
    "",
    "Made by `npx tsx tools/make-operators.ts` from the gradient rules; a test holds that it is current.",
    "",
    `Models of ONNX operator sets **${oldestOpset} to ${newestOpset}** are read. Each is brought to operator set ${programOpset}, with its`,
    "functions inlined and its floats of other widths as float32. `drmguard check` lists a model's own operators.",
    "",
    "## With a gradient",
    "",
    "Every rule is tested against finite differences (`test/numeric`), and whole networks against PyTorch's gradients",
    "(`test/references`).",
    ...Object.entries(ruleGroups).flatMap(([group, rules]) => [
      "",
      `### ${group}`,
      "",
      "| operator | with respect to | notes |",
      "| --- | --- | --- |",
      ...Object.keys(rules).sort(byName).map(row),
    ]),
    "",
    "## Written out in other operators",
    "",
    "These are replaced when a model is read; the gradient is that of what replaces them.",
    "",
    "| operator | becomes | not supported |",
    "| --- | --- | --- |",
    ...rewrittenOperators.map(({ op, as, not }) => `| ${op} | ${as} | ${not} |`),
    "",
    "## Without a slope",
    "",
    "Outputs of these do not change with small changes of the image; no gradient passes through them.",
    "",
    [...piecewiseConstant].sort(byName).join(", "),
    "",
    "## Not depending on pixels",
    "",
    "Any operator of ONNX may stand where its inputs do not depend on pixels: shape arithmetic, weights that are computed",
    "or stored as 8-bit integers (DequantizeLinear), and conditions. What comes from shapes alone is computed once when the",
    "model is read, and `If` is replaced by the branch that its condition takes.",
    "",
    "## Refused",
    "",
    "- Quantised activations (QuantizeLinear, QLinearConv, ConvInteger and others): rounding has no gradient.",
    "- `If` on pixels, and operators whose output's shape depends on pixels (NonZero, Unique, NonMaxSuppression, Compress).",
    "- Operators on sequences and optional values, and operators of domains that ONNX Runtime does not know.",
    "- Everything else on the way from the image to the output: one error names all such nodes.",
    "",
  ].join("\n");
}

function row(op: string): string {
  const { inputs, limits = "" } = noteOf(op);
  const names = inputs === "all" ? "all inputs" : Object.values(inputs).join(", ");
  return `| ${op} | ${names} | ${limits} |`;
}

const byName = (a: string, b: string): number => (a < b ? -1 : 1);
