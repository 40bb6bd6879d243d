/** Gradients of convolution operators against finite differences. */

import { convolutionCases } from "./convolution.cases.ts";
import { testRules } from "./helper.ts";

testRules("convolution", convolutionCases, 40);
