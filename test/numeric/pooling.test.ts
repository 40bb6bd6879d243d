/** Gradients of pooling operators against finite differences. */
import { testRules } from "./helper.ts";
import { poolingCases } from "./pooling.cases.ts";

testRules("pooling", poolingCases, 40);
