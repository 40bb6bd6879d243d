/** Gradients of resampling operators against finite differences. */
import { testRules } from "./helper.ts";
import { resamplingCases } from "./resampling.cases.ts";

testRules("resampling", resamplingCases, 60);
