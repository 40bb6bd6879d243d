/** Gradients of sampling operators against finite differences. */
import { testRules } from "./helper.ts";
import { samplingCases } from "./sampling.cases.ts";

testRules("sampling", samplingCases, 60);
