/** All gradient rules, by operator. */
import type { GraphNode } from "../tensor/graph.ts";
import type { GradientRule, RuleTable } from "./rule.ts";
import { convolution } from "./rules/convolution.ts";
import { elementwise } from "./rules/elementwise.ts";
import { indexing } from "./rules/indexing.ts";
import { linalg } from "./rules/linalg.ts";
import { movement } from "./rules/movement.ts";
import { normalization } from "./rules/normalization.ts";
import { pooling } from "./rules/pooling.ts";
import { reduction } from "./rules/reduction.ts";
import { resampling } from "./rules/resampling.ts";
import { sampling } from "./rules/sampling.ts";

/** The rules, grouped by kind of operator; OPERATORS.md is made from this. */
export const ruleGroups: Readonly<Record<string, RuleTable>> = {
  elementwise,
  reduction,
  linalg,
  convolution,
  pooling,
  normalization,
  movement,
  indexing,
  resampling,
  sampling,
};

const rules: ReadonlyMap<string, GradientRule> = new Map(
  Object.values(ruleGroups).flatMap((t) => Object.entries(t)),
);

/** The rule of a node, undefined when there is none. */
export function ruleOf(node: Pick<GraphNode, "op" | "domain">): GradientRule | undefined {
  return node.domain === "" ? rules.get(node.op) : undefined;
}
