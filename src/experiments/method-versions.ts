/** Numbers that are raised when a method gives other results for the same options, so that what it gave before is made again. */
import type { MethodName } from "../identification/methods.ts";
import type { MitigationName } from "../mitigation/methods.ts";

/** Of identification methods. */
export const methodVersions: Readonly<Record<MethodName, number>> = {
  contrast: 36,
  paper: 2,
  "neural-cleanse": 3,
  "feature-re": 2,
};

/** Of mitigations. */
export const mitigationVersions: Readonly<Record<MitigationName, number>> = {
  unlearning: 11,
  "fine-tuning": 1,
  "fine-pruning": 1,
  anp: 1,
};
