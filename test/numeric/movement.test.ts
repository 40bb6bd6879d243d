/** Gradients of movement operators against finite differences. */
import { testRules } from "./helper.ts";
import { movementCases } from "./movement.cases.ts";

testRules("movement", movementCases, 20);
