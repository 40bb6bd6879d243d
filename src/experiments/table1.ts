/** Table 1: RAV and RNV (Eq. 3) of backdoored models. */
import { type Experiment, markdownTable, meanAndRange, paragraphs, unfinishedNote } from "./experiment.ts";
import type { TrainedModel } from "./model-item.ts";
import { conditions, conditionTitles } from "./models.ts";
import type { Task } from "./profile.ts";

const backdoored = conditions.filter((condition) => condition !== "benign");

/** What the paper prints: RAV and RNV on MPIIFaceGaze and Biwi Kinect. */
const printed: Partial<Record<Task, Readonly<Record<string, readonly [rav: number, rnv: number]>>>> = {
  gaze: {
    badnets: [0.0433, 1.4499],
    "input-aware": [0.0489, 2.5714],
    "clean-label": [0.0328, 0.0428],
    wanet: [0.0311, 0.8528],
  },
  "head-pose": {
    badnets: [0.0002, 0.0012],
    "input-aware": [0.0015, 0.0046],
    "clean-label": [0.0803, 0.0341],
    wanet: [0.0003, 0.0015],
  },
};

/** Table 1 of the paper. */
export const table1: Experiment = {
  name: "table1",
  title:
    "Table 1: spread of feature angles (RAV) and norms (RNV) under the true trigger, as ratios to clean images",
  needs: ({ tasks, seeds }) => ({
    models: tasks.flatMap((task) =>
      backdoored.flatMap((condition) => seeds.map((seed) => ({ task, condition, seed }))),
    ),
  }),
  async evaluate(findings) {
    const { models } = findings;
    const rows = groupsOf(models).map(({ task, condition, members }) => {
      const all = members.flatMap(({ report }) => report.backdoors);
      const paper = printed[task]?.[condition];
      return {
        task,
        condition,
        models: members.length,
        rav: all.map(({ angleVarianceRatio }) => angleVarianceRatio),
        rnv: all.map(({ normVarianceRatio }) => normVarianceRatio),
        paper: paper === undefined ? null : { rav: paper[0], rnv: paper[1] },
      };
    });
    return {
      json: rows,
      markdown: paragraphs(
        markdownTable(
          ["task", "attack", "RAV", "RNV", "paper's RAV", "paper's RNV"],
          rows.map(({ task, condition, rav, rnv, paper }) => [
            task,
            conditionTitles[condition],
            meanAndRange(rav),
            meanAndRange(rnv),
            paper === null ? "" : String(paper.rav),
            paper === null ? "" : String(paper.rnv),
          ]),
        ),
        unfinishedNote(findings),
      ),
      pictures: {},
    };
  },
};

/** Models by task and condition, in the order in which they come. */
export function groupsOf(
  models: readonly TrainedModel[],
): { task: Task; condition: TrainedModel["spec"]["condition"]; members: TrainedModel[] }[] {
  const groups = new Map<string, TrainedModel[]>();
  for (const model of models) {
    const key = `${model.spec.task} ${model.spec.condition}`;
    groups.set(key, [...(groups.get(key) ?? []), model]);
  }
  return [...groups.values()].map((members) => ({ ...members[0]!.spec, members }));
}
