/** OPERATORS.md says what the rules do. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ruleGroups } from "../src/autodiff/registry.ts";
import { recurrentOps } from "../src/models/recurrent.ts";
import { upgradedOperators } from "../src/onnx/upgrade.ts";
import { noteOf } from "../tools/operator-notes.ts";
import { operatorsDocument } from "../tools/operators-document.ts";
import { rewrittenOperators } from "../tools/rewritten-operators.ts";
import { allCases } from "./numeric/all.cases.ts";

test("it is current: npx tsx tools/make-operators.ts", () => {
  expect(readFileSync(join(import.meta.dirname, "../OPERATORS.md"), "utf8")).toBe(operatorsDocument());
});

test.each(Object.values(ruleGroups).flatMap((rules) => Object.keys(rules)))(
  "%s: the inputs that it names are those that are tested",
  (op) => {
    const table = Object.values(allCases).find((cases) => Object.hasOwn(cases, op))!;
    const tested = new Set(fc.sample(table[op]!, { seed: 1, numRuns: 100 }).flatMap(({ wrt }) => wrt));
    const { inputs } = noteOf(op);
    if (inputs === "all") expect(tested.size).toBeGreaterThan(1);
    else expect([...tested].sort()).toEqual(Object.keys(inputs).map(Number));
  },
);

test("operators that are written out are those of the upgrade table and recurrent layers", () => {
  const known = new Set([...upgradedOperators, ...recurrentOps]);
  expect(rewrittenOperators.map(({ op }) => op).filter((op) => !known.has(op))).toEqual([]);
});
