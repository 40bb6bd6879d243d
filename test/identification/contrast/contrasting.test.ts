/** What comparisons show where all hidden images give one output. */
import { expect, test } from "vitest";
import { isNoEvidenceWhereHidden } from "../../../src/identification/contrast/contrasting.ts";
import { families } from "../../../src/identification/families/families.ts";

const reached = [{ cost: 0.1 }, { cost: 0.2 }];
const notAll = [{ cost: 0.1 }, { cost: null }];

test.each([
  ["controls alone, by any trigger", "controls", "patch", reached, true],
  ["homes and controls, all of them reached, by patches", "homes and controls", "patch", reached, false],
  ["a control that no patch has reached", "homes and controls", "patch", notAll, true],
  ["a control that no wave has reached, beside homes", "homes and controls", "wave", notAll, false],
] as const)("where hidden images lead, beside %s", (_, beside, family, controls, isNone) => {
  expect(isNoEvidenceWhereHidden(beside, families[family], controls)).toBe(isNone);
});
