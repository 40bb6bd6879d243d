/** The triggers that a scan gives to go by. */
import type { FamilyName } from "../families/families.ts";
import type { ReversedTrigger } from "../reversed-trigger.ts";
import type { Finding } from "./contrasting.ts";

/** What is needed of a finding. */
export type ReversedFinding = Pick<Finding, "theta" | "target" | "score" | "leadsWhereHidden"> & {
  readonly family: string;
};

/**
 * The triggers of findings, the lowest score first. What leads where all hidden images do is none to go by where there is another: gaze IA 43 has a patch, and waves that hide
 * lead to its target too (docs/research-log.md).
 */
export function reversedTriggers(findings: readonly ReversedFinding[]): ReversedTrigger[] {
  const telling = findings.filter(({ leadsWhereHidden }) => !leadsWhereHidden);
  return (telling.length > 0 ? telling : findings)
    .map(({ family, theta, target, score }) => ({ family: family as FamilyName, theta, target, score }))
    .sort((a, b) => a.score - b.score);
}
