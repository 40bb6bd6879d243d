/** Table 4: how methods rank models, by attack. */
import type { MethodName } from "../identification/methods.ts";
import { attacked, scansOf, withBenign } from "./choices.ts";
import { compactTable, type Experiment, paragraphs, unfinishedNote } from "./experiment.ts";
import { groupsOfScans, type IdentificationGroup, scanRows } from "./identification.ts";
import { type Condition, conditionTitles, mainConditions } from "./models.ts";
import { experimentTitles } from "./names.ts";

/** What the paper prints for MPIIFaceGaze; "all" is all attacks together. */
const printed: Readonly<Record<string, Readonly<Partial<Record<MethodName, number>>>>> = {
  badnets: { "neural-cleanse": 0.27, "feature-re": 0.73, paper: 1 },
  "input-aware": { "neural-cleanse": 0.3, "feature-re": 0.56, paper: 1 },
  wanet: { "neural-cleanse": 0.94, "feature-re": 0.56, paper: 1 },
  "clean-label": { "neural-cleanse": 0.005, "feature-re": 0.545, paper: 1 },
  all: { "neural-cleanse": 0.379, "feature-re": 0.599, paper: 1 },
};

/** In the paper's order, ours last. */
const compared: readonly MethodName[] = ["neural-cleanse", "feature-re", "paper", "contrast"];

/** Table 4 of the paper, with the method of contrast beside those that it compares. */
export const table4: Experiment = {
  name: "table4",
  title: `Table 4: ${experimentTitles.table4}`,
  needs: (scope) => ({
    scans: scansOf({
      models: withBenign(attacked(...mainConditions)(scope)),
      seeds: scope.seeds,
      methods: scope.methods ?? compared,
    }),
  }),
  async evaluate(findings) {
    // The two-way rule of the paper's method has the same scores.
    const rows = findings.scans.flatMap((scan) => scanRows(scan).slice(0, 1));
    const groups = groupsOfScans(rows, true);
    const methods = compared.filter((name) => groups.some(({ method }) => method === name));
    const lines = new Map<string, IdentificationGroup[]>();
    for (const group of groups) {
      const key = `${group.task} ${group.condition ?? "all"}`;
      lines.set(key, [...(lines.get(key) ?? []), group]);
    }
    const markdown = compactTable(
      ["task", "attack", ...methods, ...methods.map((name) => `paper's figure for ${name}`)],
      [...lines.values()].map((line) => {
        const { task, condition } = line[0]!;
        const paper = task === "gaze" ? (printed[condition ?? "all"] ?? {}) : {};
        return [
          task,
          titleOf(condition),
          ...methods.map((name) => aucText(line.find(({ method }) => method === name))),
          ...methods.map((name) => paper[name]?.toFixed(3) ?? ""),
        ];
      }),
      [],
    );
    return {
      json: { groups, models: rows, unfinished: findings.unfinished },
      markdown: paragraphs(markdown, unfinishedNote(findings), notes),
      pictures: {},
    };
  },
};

const titleOf = (condition: Condition | null): string =>
  condition === null ? "all attacks" : conditionTitles[condition];

function aucText(group: IdentificationGroup | undefined): string {
  if (group === undefined || group.summary.rocAuc === null) return "";
  const { rocAuc, backdoored, benign } = group.summary;
  return `${rocAuc.toFixed(3)} (${backdoored} + ${benign})`;
}

const notes =
  "ROC-AUC of each method's score, ties counted as a half, with the numbers of backdoored and benign models: 1 ranks every backdoored model as more " +
  "suspicious than every benign one, 0.5 is chance. Benign models are the same in all rows of a task.";
