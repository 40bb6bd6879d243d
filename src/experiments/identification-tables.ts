/** Tables of the paper on identification that differ in the models alone. */
import { attacked, networksOf, scansOf, withBenign } from "./choices.ts";
import { type Experiment, type ExperimentScope, paragraphs, unfinishedNote } from "./experiment.ts";
import {
  groupsOfScans,
  type IdentificationGroup,
  identificationTable,
  modelsTable,
  type PaperCounts,
  scanRows,
} from "./identification.ts";
import { type ModelSpec, mainConditions } from "./models.ts";
import { type ExperimentName, experimentTitles } from "./names.ts";
import type { Profile } from "./profile.ts";

/** What one of these tables is. */
interface TableOptions {
  readonly name: ExperimentName;
  /** The models but for their seeds, without the benign ones, which are added. */
  readonly models: (scope: ExperimentScope, profile: Profile) => Omit<ModelSpec, "seed">[];
  readonly paper: (group: IdentificationGroup) => PaperCounts | null;
  /** Whether all attacks together are a row too. */
  readonly hasTotal?: boolean;
}

/** What our own figures mean, below every such table. */
export const identificationNotes =
  "A model without a verdict (inconclusive) counts as wrong in the accuracy. Errors of targets are in degrees where outputs are angles, of models that were rightly " +
  "called backdoored, from the estimate to the mean output under the true trigger.";

function identificationExperiment({ name, models, paper, hasTotal = false }: TableOptions): Experiment {
  const title = `Table ${name.slice("table".length)}: ${experimentTitles[name]}`;
  return {
    name,
    title,
    needs: (scope, profile) => ({
      scans: scansOf({
        models: withBenign(models(scope, profile)),
        seeds: scope.seeds,
        methods: scope.methods ?? ["contrast"],
      }),
    }),
    async evaluate(findings) {
      const rows = findings.scans.flatMap(scanRows);
      const groups = groupsOfScans(rows, hasTotal);
      return {
        json: {
          groups: groups.map((group) => ({ ...group, paper: paper(group) })),
          models: rows,
          unfinished: findings.unfinished,
        },
        markdown: paragraphs(
          identificationTable(groups, paper),
          unfinishedNote(findings),
          identificationNotes,
          modelsTable(rows),
        ),
        pictures: {},
      };
    },
  };
}

/** The paper's figures are of its own data sets: gaze is MPIIFaceGaze, head pose Biwi Kinect. */
const onGaze =
  (counts: PaperCounts) =>
  ({ task, condition }: IdentificationGroup): PaperCounts | null =>
    task === "gaze" && condition !== null ? counts : null;

/** Table 2 of the paper. */
export const table2 = identificationExperiment({
  name: "table2",
  models: attacked(...mainConditions),
  paper: onGaze([10, 1, 0, 9]),
  hasTotal: true,
});

/** What the paper prints, by words in a data set's title. */
const byDataSet: readonly (readonly [name: RegExp, counts: PaperCounts])[] = [
  [/MPII/i, [10, 1, 0, 9]],
  [/Columbia/i, [8, 4, 2, 6]],
  [/Biwi/i, [10, 0, 0, 10]],
  [/Pandora/i, [7, 0, 3, 10]],
];

/** Table 3 of the paper: the data sets are the tasks' own. For others than the paper's its first of the task stands beside them. */
export const table3 = identificationExperiment({
  name: "table3",
  models: attacked("wanet"),
  paper: ({ task, data }) =>
    byDataSet.find(([name]) => name.test(data))?.[1] ?? (task === "gaze" ? [10, 1, 0, 9] : [10, 0, 0, 10]),
});

/** Table 11 of the paper. */
export const table11 = identificationExperiment({
  name: "table11",
  models: attacked("multi-target-wanet"),
  paper: onGaze([10, 1, 0, 9]),
});

const paperByArchitecture: Readonly<Record<string, PaperCounts>> = {
  resnet18: [10, 1, 0, 9],
  resnet34: [10, 0, 0, 10],
  mobilenetv1: [7, 0, 3, 10],
};

/** Table 12 of the paper. */
export const table12 = identificationExperiment({
  name: "table12",
  models: (scope, profile) =>
    networksOf(scope, profile).map((each) => ({ ...each, condition: "wanet" as const })),
  paper: ({ task, network }) =>
    task === "gaze" ? (paperByArchitecture[network.split(",")[0]!] ?? null) : null,
});

/** Table 14 of the paper. */
export const table14 = identificationExperiment({
  name: "table14",
  models: attacked("blend", "sig"),
  paper: onGaze([10, 1, 0, 9]),
});

/** Table 16 of the paper: as large as the seeds that are asked for. */
export const table16 = identificationExperiment({
  name: "table16",
  models: attacked("wanet"),
  paper: onGaze([29, 5, 1, 25]),
});
