/** Gradients of linalg operators against finite differences. */
import { testRules } from "./helper.ts";
import { linalgCases } from "./linalg.cases.ts";

testRules("linalg", linalgCases);
