/** Gradients of elementwise operators against finite differences. */
import { elementwiseCases } from "./elementwise.cases.ts";
import { testRules } from "./helper.ts";

testRules("elementwise", elementwiseCases);
