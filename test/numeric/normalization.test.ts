/** Gradients of normalization operators against finite differences. */
import { testRules } from "./helper.ts";
import { normalizationCases } from "./normalization.cases.ts";

testRules("normalization", normalizationCases, 20);
