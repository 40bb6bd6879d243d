/** Every gradient rule is tested: a new one without cases fails here. */
import { expect, test } from "vitest";
import { ruleGroups } from "../../src/autodiff/registry.ts";
import { allCases } from "./all.cases.ts";

test.each(Object.keys(ruleGroups))("every rule of %s has cases", (group) => {
  expect(Object.keys(allCases[group] ?? {}).sort()).toEqual(Object.keys(ruleGroups[group]!).sort());
});
