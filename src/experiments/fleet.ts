/** The fleet that the default method is judged by: all attacks, many seeds, several networks. Not a table of the paper. */
import { ofNetwork, scansOf, withBenign } from "./choices.ts";
import { type Experiment, type ExperimentScope, paragraphs, short, unfinishedNote } from "./experiment.ts";
import {
  groupsOfScans,
  identificationTable,
  modelsTable,
  networkOf,
  type ScanRow,
  scanRows,
} from "./identification.ts";
import { identificationNotes } from "./identification-tables.ts";
import { type Condition, conditionTitles, type ModelSpec, mainConditions, nameOf } from "./models.ts";
import { experimentTitles } from "./names.ts";
import type { Profile, RegressionTask } from "./profile.ts";
import type { FinishedScan, ScanSpec } from "./scan-item.ts";

/** Seeds that have attacks beside the four of every seed of gaze, and those of head pose. */
const fewSeeds = 5;

/** The attacks of each task's fleet: those of all seeds, and those of the first few. */
const fleets: Readonly<Record<RegressionTask, { all: readonly Condition[]; few: readonly Condition[] }>> = {
  gaze: { all: mainConditions, few: ["blend", "sig", "multi-target-wanet", "adaptive"] },
  "head-pose": { all: [], few: ["badnets", "wanet"] },
};

/** The networks of the last two seeds behind the first few, each at half of the width of the profile's. */
const lastNetworks = [{}, { architecture: "resnet34" }] as const;
const narrower = 0.5;

/** How many times RE the error of an attack may be at most: what is further off has not been learnt, and is no backdoor to find. */
const learntFactor = 1.5;

/** The models of a task's fleet, seed by seed. */
function modelsOf(task: RegressionTask, seeds: readonly number[], profile: Profile): ModelSpec[] {
  const { all, few } = fleets[task];
  const width = narrower * profile.tasks[task].network.width;
  return seeds.flatMap((seed, i) => {
    const isFew = i < fewSeeds;
    const fromEnd = lastNetworks.length - (seeds.length - i);
    const other = isFew ? undefined : lastNetworks[fromEnd];
    const choice = other === undefined ? {} : { ...other, width };
    const names = isFew ? [...all, ...few] : all;
    const models = names.map((condition) => ofNetwork({ task, condition }, choice, profile));
    return withBenign(models).map((model) => ({ ...model, seed }));
  });
}

function scansFor({ tasks, seeds, methods }: ExperimentScope, profile: Profile): ScanSpec[] {
  return tasks.flatMap((task) =>
    modelsOf(task, seeds, profile).flatMap(({ seed, ...model }) =>
      scansOf({ models: [model], seeds: [seed], methods: methods ?? ["contrast"] }),
    ),
  );
}

/** An attack that a network has not learnt. Plain JSON. */
interface Unlearnt {
  readonly name: string;
  readonly condition: Condition;
  readonly seed: number;
  readonly network: string;
  /** Of the worst of its backdoors. */
  readonly attackError: number;
  readonly regressionError: number;
}

function unlearntOf(scan: FinishedScan): Unlearnt[] {
  const { spec, report } = scan.model;
  const attackError = Math.max(...report.backdoors.map((each) => each.attackError));
  if (!(attackError > learntFactor * report.regressionError)) return [];
  const { condition, seed } = spec;
  const { regressionError } = report;
  return [{ name: nameOf(spec), condition, seed, network: networkOf(scan), attackError, regressionError }];
}

/** What is left out, in words; empty for nothing. */
function unlearntNote(unlearnt: readonly Unlearnt[]): string {
  if (unlearnt.length === 0) return "";
  const each = unlearnt.map(
    ({ condition, seed, network, attackError, regressionError }) =>
      `${conditionTitles[condition]} ${seed} (${network}; AE ${short(attackError)}, RE ${short(regressionError)})`,
  );
  return `Not learnt, an AE above ${learntFactor} times RE, and in no row: ${each.join(", ")}.`;
}

/** Networks are counted together: a fleet is one. */
const together = (row: ScanRow): ScanRow => ({ ...row, network: "all" });

/** The whole fleet; of ten seeds it is as large as the one of docs/experiments.md. */
export const fleet: Experiment = {
  name: "fleet",
  title: `Fleet: ${experimentTitles.fleet}`,
  needs: (scope, profile) => ({ scans: scansFor(scope, profile) }),
  async evaluate(findings) {
    // A model may be scanned by several methods.
    const unlearnt = new Map(findings.scans.flatMap(unlearntOf).map((each) => [each.name, each]));
    const isLearnt = ({ model }: FinishedScan): boolean => !unlearnt.has(nameOf(model.spec));
    const rows = findings.scans.filter(isLearnt).flatMap(scanRows);
    const groups = groupsOfScans(rows.map(together), true);
    return {
      json: { groups, models: rows, unlearnt: [...unlearnt.values()], unfinished: findings.unfinished },
      markdown: paragraphs(
        identificationTable(groups, () => null),
        unlearntNote([...unlearnt.values()]),
        unfinishedNote(findings),
        identificationNotes,
        modelsTable(rows),
      ),
      pictures: {},
    };
  },
};
