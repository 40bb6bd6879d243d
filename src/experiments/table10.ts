/** Table 10: how well attacks work, AE and RE (appendix A.3). */
import {
  type Experiment,
  markdownTable,
  meanAndRange,
  paragraphs,
  short,
  unfinishedNote,
} from "./experiment.ts";
import { conditions, conditionTitles } from "./models.ts";
import { groupsOf } from "./table1.ts";

/** What the paper prints for MPIIFaceGaze, degrees. */
const printed: Readonly<Record<string, readonly [ae: number | null, re: number]>> = {
  benign: [null, 2.35],
  badnets: [3.25, 2.61],
  "input-aware": [3.19, 2.33],
  "clean-label": [0.72, 1.82],
  wanet: [1.31, 2.32],
};

/** Table 10 of the paper, with DAE and the error of saying the mean, without which a number of degrees says little. */
export const table10: Experiment = {
  name: "table10",
  title: "Table 10: attack error (AE) and clean error (RE) of backdoored and benign models, degrees",
  needs: ({ tasks, seeds }) => ({
    models: tasks.flatMap((task) =>
      conditions.flatMap((condition) => seeds.map((seed) => ({ task, condition, seed }))),
    ),
  }),
  async evaluate(findings) {
    const { models } = findings;
    const rows = groupsOf(models).map(({ task, condition, members }) => ({
      task,
      condition,
      models: members.length,
      regressionError: members.map(({ report }) => report.regressionError),
      regressionErrorOfMean: members.map(({ report }) => report.regressionErrorOfMean),
      attackError: members.flatMap(({ report }) => report.backdoors.map((each) => each.attackError)),
      defendingAttackError: members.flatMap(({ report }) =>
        report.backdoors.map((each) => each.defendingAttackError),
      ),
      crossTriggerError: members.flatMap(({ report }) =>
        report.backdoors.flatMap((each) => each.crossTriggerError ?? []),
      ),
      seconds: members.map(({ report }) => report.seconds),
      paper: task === "gaze" ? (printed[condition] ?? null) : null,
    }));
    const orNothing = (values: readonly number[]): string =>
      values.length === 0 ? "" : meanAndRange(values);
    const benign = new Map(
      rows.flatMap(({ task, condition, regressionError }) =>
        condition === "benign"
          ? [[task, regressionError.reduce((a, b) => a + b) / regressionError.length]]
          : [],
      ),
    );
    const relative = ({ task, regressionError }: (typeof rows)[number]): string => {
      const own = regressionError.reduce((a, b) => a + b) / regressionError.length;
      const base = benign.get(task);
      return base === undefined ? "" : `${own >= base ? "+" : ""}${(100 * (own / base - 1)).toFixed(0)} %`;
    };
    return {
      json: rows,
      markdown: paragraphs(
        markdownTable(
          [
            "task",
            "attack",
            "AE",
            "RE",
            "RE against benign",
            "DAE",
            "AE / RE",
            "RE of the mean",
            "paper's AE",
            "paper's RE",
          ],
          rows.map((each) => [
            each.task,
            conditionTitles[each.condition],
            orNothing(each.attackError),
            meanAndRange(each.regressionError),
            each.condition === "benign" ? "" : relative(each),
            orNothing(each.defendingAttackError),
            each.attackError.length === 0
              ? ""
              : short(
                  each.attackError.reduce((a, b) => a + b) /
                    each.attackError.length /
                    (each.regressionError.reduce((a, b) => a + b) / each.regressionError.length),
                ),
            short(each.regressionErrorOfMean[0]!),
            each.paper?.[0]?.toString() ?? "",
            each.paper?.[1].toString() ?? "",
          ]),
        ),
        unfinishedNote(findings),
      ),
      pictures: {},
    };
  },
};
