/** Table 9: WaNet that hides by Eq. 6, and whether it is found. */

import { attacked, scansOf, withBenign } from "./choices.ts";
import { compactTable, type Experiment, meanAndRange, paragraphs, unfinishedNote } from "./experiment.ts";
import { groupsOfScans, identificationTable, type PaperCounts, scanRows } from "./identification.ts";
import { identificationNotes } from "./identification-tables.ts";
import type { TrainedModel } from "./model-item.ts";
import { conditionTitles, nameOf } from "./models.ts";
import { experimentTitles } from "./names.ts";
import { groupsOf } from "./table1.ts";

/** What the paper prints for MPIIFaceGaze: AE and DAE in degrees. */
const printed: Readonly<Record<string, readonly [ae: number, dae: number]>> = {
  wanet: [1.51, 15.99],
  adaptive: [5.71, 15.01],
};

/** The paper prints an accuracy of 95 % for both, of ten models of each kind. */
const paperCounts: PaperCounts = [10, 1, 0, 9];

/** Table 9 of the paper, with RAV, which the adaptive attack is to raise. */
export const table9: Experiment = {
  name: "table9",
  title: `Table 9: ${experimentTitles.table9}`,
  needs: (scope) => ({
    scans: scansOf({
      models: withBenign(attacked("wanet", "adaptive")(scope)),
      seeds: scope.seeds,
      methods: scope.methods ?? ["contrast"],
    }),
  }),
  async evaluate(findings) {
    const rows = findings.scans.flatMap(scanRows);
    const groups = groupsOfScans(rows, false);
    // A model that several methods scanned is one model.
    const models = new Map(findings.scans.map(({ model }) => [nameOf(model.spec), model]));
    const attacks = groupsOf([...models.values()].filter(({ spec }) => spec.condition !== "benign"));
    const all = (
      members: readonly TrainedModel[],
      name: "attackError" | "defendingAttackError" | "angleVarianceRatio",
    ): number[] => members.flatMap(({ report }) => report.backdoors.map((each) => each[name]));
    const errors = attacks.map(({ task, condition, members }) => ({
      task,
      condition,
      models: members.length,
      attackError: all(members, "attackError"),
      defendingAttackError: all(members, "defendingAttackError"),
      angleVarianceRatio: all(members, "angleVarianceRatio"),
      paper: task === "gaze" ? (printed[condition] ?? null) : null,
    }));
    const paper = ({ task }: { readonly task: string }): PaperCounts | null =>
      task === "gaze" ? paperCounts : null;
    return {
      json: {
        errors,
        groups: groups.map((group) => ({ ...group, paper: paper(group) })),
        models: rows,
        unfinished: findings.unfinished,
      },
      markdown: paragraphs(
        compactTable(
          ["attack", "task", "models", "AE", "DAE", "RAV", "paper's AE", "paper's DAE"],
          errors.map((each) => [
            conditionTitles[each.condition],
            each.task,
            each.models,
            meanAndRange(each.attackError),
            meanAndRange(each.defendingAttackError),
            meanAndRange(each.angleVarianceRatio),
            each.paper?.[0] ?? "",
            each.paper?.[1] ?? "",
          ]),
          [],
        ),
        identificationTable(groups, paper),
        unfinishedNote(findings),
        identificationNotes,
      ),
      pictures: {},
    };
  },
};
