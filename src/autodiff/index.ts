/** Gradients from graph to graph. */
export { grad, vectorJacobianProduct } from "./grad.ts";
export { ruleOf } from "./registry.ts";
export type { GradientRule, RuleContext, RuleTable } from "./rule.ts";
