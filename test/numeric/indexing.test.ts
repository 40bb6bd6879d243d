/** Gradients of indexing operators against finite differences. */
import { testRules } from "./helper.ts";
import { indexingCases } from "./indexing.cases.ts";

testRules("indexing", indexingCases, 20);
