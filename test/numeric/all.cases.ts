/** Cases of all rules, by group. */
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

/** Cases by group and operator. */
export const allCases: Readonly<Record<string, CaseTable>> = {
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
