/** What repairs do, measured by the true triggers: AE, DAE, and RE, which the paper leaves out. */

import type { MitigationName } from "../mitigation/methods.ts";
import { compactTable, meanOf, paragraphs, short, unfinishedNote } from "./experiment.ts";
import type { Findings, FinishedRepair } from "./gather.ts";
import { networkOf } from "./identification.ts";
import { type Condition, conditions, conditionTitles, nameOf } from "./models.ts";
import { tasks } from "./profile.ts";

/** Errors of a model under its true triggers (the mean over several) and on clean images. */
export interface MitigationErrors {
  readonly attackError: number;
  readonly defendingAttackError: number;
  readonly regressionError: number;
}

/** A repair beside the truth; errors in the unit of the training's. Plain JSON. */
export interface RepairRow {
  readonly name: string;
  readonly task: string;
  readonly network: string;
  readonly condition: Condition;
  readonly seed: number;
  readonly scanMethod: string;
  readonly method: MitigationName;
  /** What the scan said; a repair goes by what was most suspicious, whatever it said. */
  readonly verdict: string;
  /** What the repair says of itself; null where no trigger was reversed and nothing done. */
  readonly outcome: string | null;
  /** The families of the triggers that were unlearnt. */
  readonly unlearnt: readonly string[];
  readonly before: MitigationErrors;
  readonly after: MitigationErrors | null;
  /** Of the benign model of the same seed, under the same triggers. */
  readonly benign: MitigationErrors;
  readonly seconds: number | null;
}

/** A repair beside the truth. */
export function repairRow({ spec, repaired, after, baseline }: FinishedRepair): RepairRow {
  const { scan, done } = repaired;
  const { model } = scan;
  return {
    name: nameOf(model.spec),
    task: model.spec.task,
    network: networkOf({ model }),
    condition: model.spec.condition,
    seed: model.spec.seed,
    scanMethod: spec.scan.method,
    method: spec.method,
    verdict: scan.result.verdict,
    outcome: done?.report.outcome ?? null,
    unlearnt: done?.report.triggers.map(({ family }) => family) ?? [],
    before: errorsOf(model.report),
    after: after && errorsOf(after),
    benign: errorsOf(baseline),
    seconds: done?.report.seconds ?? null,
  };
}

function errorsOf(measured: {
  readonly regressionError: number;
  readonly backdoors: readonly { readonly attackError: number; readonly defendingAttackError: number }[];
}): MitigationErrors {
  return {
    attackError: meanOf(measured.backdoors.map(({ attackError }) => attackError)),
    defendingAttackError: meanOf(measured.backdoors.map(({ defendingAttackError }) => defendingAttackError)),
    regressionError: measured.regressionError,
  };
}

/** Means over some repairs. Plain JSON. */
export interface MitigationSummary {
  readonly models: number;
  /** Models that the scan called backdoored. */
  readonly identified: number;
  /** Models in which nothing was reversed: they count as they were. */
  readonly untouched: number;
  readonly before: MitigationErrors;
  readonly after: MitigationErrors;
  readonly benign: MitigationErrors;
  /** The mean of RE after over RE before, less 1. */
  readonly regressionErrorChange: number;
  /** The mean of AE after over the AE of the benign model: 1 where nothing is left of the target. */
  readonly attackErrorOverBenign: number;
  /** The mean of DAE after over RE after: 1 where the trigger does nothing. */
  readonly defendingAttackErrorOverClean: number;
}

/** Means of repairs; of one row they are its numbers. A model that nothing was done to counts as it was. */
export function mitigationSummary(rows: readonly RepairRow[]): MitigationSummary {
  const pairs = rows.map(({ before, after, benign }) => ({ before, after: after ?? before, benign }));
  const mean = (value: (pair: (typeof pairs)[number]) => number): number => meanOf(pairs.map(value));
  const errors = (which: "before" | "after" | "benign"): MitigationErrors => ({
    attackError: mean((pair) => pair[which].attackError),
    defendingAttackError: mean((pair) => pair[which].defendingAttackError),
    regressionError: mean((pair) => pair[which].regressionError),
  });
  return {
    models: rows.length,
    identified: rows.filter(({ verdict }) => verdict === "backdoored").length,
    untouched: rows.filter(({ after }) => after === null).length,
    before: errors("before"),
    after: errors("after"),
    benign: errors("benign"),
    regressionErrorChange: mean(({ before, after }) => after.regressionError / before.regressionError - 1),
    attackErrorOverBenign: mean(({ after, benign }) => after.attackError / benign.attackError),
    defendingAttackErrorOverClean: mean(({ after }) => after.defendingAttackError / after.regressionError),
  };
}

/** Repairs of one kind. Plain JSON. */
export interface MitigationGroup {
  readonly task: string;
  readonly network: string;
  readonly condition: Condition;
  readonly method: MitigationName;
  readonly summary: MitigationSummary;
}

/** Repairs by task, network, attack and method, in the order of the paper. */
export function groupsOfRepairs(rows: readonly RepairRow[]): MitigationGroup[] {
  const groups = new Map<string, RepairRow[]>();
  for (const each of rows) {
    const key = JSON.stringify([each.task, each.network, each.condition, each.method]);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  const placeOf = ({ task, condition }: MitigationGroup): number =>
    (tasks as readonly string[]).indexOf(task) * 100 + conditions.indexOf(condition);
  return [...groups.values()]
    .map((members): MitigationGroup => {
      const { task, network, condition, method } = members[0]!;
      return { task, network, condition, method, summary: mitigationSummary(members) };
    })
    .sort((a, b) => placeOf(a) - placeOf(b));
}

/** What the paper prints of a mitigation. */
export interface PaperMitigation {
  readonly before: readonly [ae: number, dae: number];
  readonly after: readonly [ae: number, dae: number];
}

/** Means as a Markdown table, with the paper's beside them. */
export function mitigationTable(
  groups: readonly MitigationGroup[],
  paper: (group: MitigationGroup) => PaperMitigation | null,
): string {
  return compactTable(
    [
      ...["attack", "task", "network", "method", "models (identified)", "AE before", "AE after"],
      ...["AE of the benign model", "AE after / benign", "DAE before", "DAE after"],
      ...["RE before", "RE after", "RE change", "DAE after / RE after", "left as they were"],
      ...["paper's AE before, after", "paper's DAE before, after"],
    ],
    groups.map((group) => {
      const { summary, condition } = group;
      const { before, after, benign } = summary;
      const printed = paper(group);
      return [
        conditionTitles[condition],
        ...[group.task, group.network, group.method],
        `${summary.models} (${summary.identified})`,
        short(before.attackError),
        short(after.attackError),
        short(benign.attackError),
        short(summary.attackErrorOverBenign),
        short(before.defendingAttackError),
        short(after.defendingAttackError),
        short(before.regressionError),
        short(after.regressionError),
        changeText(summary.regressionErrorChange),
        short(summary.defendingAttackErrorOverClean),
        summary.untouched === 0 ? "" : summary.untouched,
        printed === null ? "" : `${printed.before[0]}, ${printed.after[0]}`,
        printed === null ? "" : `${printed.before[1]}, ${printed.after[1]}`,
      ];
    }),
    ["network"],
  );
}

const changeText = (part: number): string => `${part >= 0 ? "+" : ""}${(100 * part).toFixed(0)} %`;

/** Every repair's own row, as a Markdown table. */
export function repairsTable(rows: readonly RepairRow[]): string {
  return compactTable(
    [
      ...[
        "task",
        "network",
        "attack",
        "seed",
        "method",
        "unlearnt",
        "AE before, after (of the benign model's)",
      ],
      ...["DAE before, after", "RE before, after", "DAE after / RE after", "DAE / RE of the benign model"],
      ...["outcome by its own images", "seconds"],
    ],
    rows.map((row) => {
      const { before, benign } = row;
      const summary = mitigationSummary([row]);
      const { after } = summary;
      return [
        ...[row.task, row.network, conditionTitles[row.condition], row.seed, row.method],
        row.unlearnt.join(" and "),
        `${short(before.attackError)}, ${short(after.attackError)} (${summary.attackErrorOverBenign.toFixed(2)})`,
        `${short(before.defendingAttackError)}, ${short(after.defendingAttackError)}`,
        `${short(before.regressionError)}, ${short(after.regressionError)} (${changeText(summary.regressionErrorChange)})`,
        summary.defendingAttackErrorOverClean.toFixed(2),
        (benign.defendingAttackError / benign.regressionError).toFixed(2),
        row.outcome ?? "nothing to unlearn",
        row.seconds === null ? "" : row.seconds.toFixed(0),
      ];
    }),
    ["network", "method"],
  );
}

const mitigationNotes =
  "Means over models, in degrees where outputs are angles, on the held-out images, under the true trigger. Every backdoored model is repaired by what its scan found most " +
  "suspicious, also where the scan did not call it backdoored. AE of the benign model: the error of the benign model of the same seed to the same target " +
  "under the same trigger, which is what AE comes to where no backdoor is left.";

/** A mitigation table's result from what was found. */
export function mitigationResult(
  findings: Findings,
  paper: (group: MitigationGroup) => PaperMitigation | null,
): { json: unknown; markdown: string; pictures: Record<string, string> } {
  const rows = findings.repairs.map(repairRow);
  const groups = groupsOfRepairs(rows);
  return {
    json: {
      groups: groups.map((group) => ({ ...group, paper: paper(group) })),
      models: rows,
      unfinished: findings.unfinished,
    },
    markdown: paragraphs(
      mitigationTable(groups, paper),
      unfinishedNote(findings),
      mitigationNotes,
      repairsTable(rows),
    ),
    pictures: {},
  };
}
