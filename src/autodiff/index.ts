/** Gradients from graph to graph. */
export type { BlockedLayout } from "./blocked.ts";
export { type GradientOptions, grad, vectorJacobianProduct } from "./grad.ts";
export { ruleOf } from "./registry.ts";
export type { GradientRule, RuleContext, RuleTable } from "./rule.ts";
