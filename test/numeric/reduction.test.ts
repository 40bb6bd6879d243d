/** Gradients of reduction operators against finite differences. */
import { testRules } from "./helper.ts";
import { reductionCases } from "./reduction.cases.ts";

testRules("reduction", reductionCases);
