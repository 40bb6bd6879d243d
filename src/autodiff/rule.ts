/** What a gradient rule is. */
import type { GraphNode, Tensor } from "../tensor/graph.ts";
import type { BlockedLayout } from "./blocked.ts";

/** What a rule gets to see of one node. */
export interface RuleContext {
  readonly node: GraphNode;
  /** The node's inputs; null where an optional one is left out. */
  readonly x: readonly (Tensor | null)[];
  /** The node's outputs. */
  readonly y: readonly Tensor[];
  /** The gradient of the loss with respect to each output; null where the loss does not depend on it. */
  readonly dys: readonly (Tensor | null)[];
  /** The gradient with respect to the first output, where there is one. */
  readonly dy: Tensor;
  /** Whether anybody needs the gradient with respect to input i. */
  readonly wants: (i: number) => boolean;
  /** Which maps the runtime keeps in blocks of channels; null where it keeps none. */
  readonly blocked: BlockedLayout | null;
}

/**
 * The vector-Jacobian product of one operator: a gradient for each input, null where it is zero or nobody needs it.
 * Inputs past the end of the list have no rule: it is an error when one of them depends on the image.
 */
export type GradientRule = (context: RuleContext) => readonly (Tensor | null)[];

/** Rules by operator. */
export type RuleTable = Readonly<Record<string, GradientRule>>;
