/** Every gradient rule is tested: a new one without cases fails here. */
import { expect, test } from "vitest";
import { ruleGroups } from "../../src/autodiff/registry.ts";
import { convolutionCases } from "./convolution.cases.ts";
import { elementwiseCases } from "./elementwise.cases.ts";
import type { CaseTable } from "./helper.ts";
import { indexingCases } from "./indexing.cases.ts";
import { linalgCases } from "./linalg.cases.ts";
import { movementCases } from "./movement.cases.ts";
import { normalizationCases } from "./normalization.cases.ts";
import { poolingCases } from "./pooling.cases.ts";
import { reductionCases } from "./reduction.cases.ts";
import { resamplingCases } from "./resampling.cases.ts";
import { samplingCases } from "./sampling.cases.ts";

const cases: Readonly<Record<string, CaseTable>> = {
  elementwise: elementwiseCases,
  reduction: reductionCases,
  linalg: linalgCases,
  convolution: convolutionCases,
  pooling: poolingCases,
  normalization: normalizationCases,
  movement: movementCases,
  indexing: indexingCases,
  resampling: resamplingCases,
  sampling: samplingCases,
};

test.each(Object.keys(ruleGroups))("every rule of %s has cases", (group) => {
  expect(Object.keys(cases[group] ?? {}).sort()).toEqual(Object.keys(ruleGroups[group]!).sort());
});
