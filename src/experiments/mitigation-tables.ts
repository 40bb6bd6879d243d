/** Tables of the paper on mitigation. */
import { type MitigationName, mitigationNames } from "../mitigation/methods.ts";
import { attacked, networksOf, repairsOf } from "./choices.ts";
import type { Experiment, ExperimentScope } from "./experiment.ts";
import { type MitigationGroup, mitigationResult, type PaperMitigation } from "./mitigation.ts";
import { type Condition, type ModelSpec, mainConditions } from "./models.ts";
import { type ExperimentName, experimentTitles } from "./names.ts";
import type { Profile } from "./profile.ts";

/** What one of these tables is. */
interface TableOptions {
  readonly name: ExperimentName;
  /** The backdoored models but for their seeds. */
  readonly models: (scope: ExperimentScope, profile: Profile) => Omit<ModelSpec, "seed">[];
  readonly methods: readonly MitigationName[];
  readonly paper: (group: MitigationGroup) => PaperMitigation | null;
}

function mitigationExperiment({ name, models, methods, paper }: TableOptions): Experiment {
  return {
    name,
    title: `Table ${name.slice("table".length)}: ${experimentTitles[name]}`,
    needs: (scope, profile) => ({
      repairs: repairsOf({
        models: models(scope, profile),
        seeds: scope.seeds,
        methods: scope.mitigations ?? methods,
      }),
    }),
    evaluate: async (findings) => mitigationResult(findings, paper),
  };
}

/** Errors of the paper, of MPIIFaceGaze. */
const printed = (
  ...[aeBefore, daeBefore, aeAfter, daeAfter]: [number, number, number, number]
): PaperMitigation => ({ before: [aeBefore, daeBefore], after: [aeAfter, daeAfter] });

const byAttack: Readonly<Partial<Record<Condition, PaperMitigation>>> = {
  badnets: printed(3.25, 14.85, 17.21, 3.59),
  "input-aware": printed(3.19, 14.4, 15.69, 3.5),
  "clean-label": printed(0.72, 15.43, 16.42, 2.51),
  wanet: printed(1.31, 15.9, 15.36, 3.29),
  blend: printed(2.94, 14.51, 12.82, 4.56),
  sig: printed(1.83, 15.96, 16.11, 2.93),
};

const byMethod: Readonly<Record<MitigationName, PaperMitigation>> = {
  unlearning: printed(1.31, 15.9, 15.36, 3.29),
  "fine-tuning": printed(1.31, 15.9, 13.96, 4.32),
  "fine-pruning": printed(1.31, 15.9, 6.68, 16.82),
  anp: printed(1.31, 15.9, 4.92, 13.13),
};

const byArchitecture: Readonly<Record<string, PaperMitigation>> = {
  resnet18: printed(1.31, 15.9, 15.36, 3.29),
  resnet34: printed(2.82, 15.97, 15.5, 2.4),
  mobilenetv1: printed(0.42, 16.04, 15.88, 3.7),
};

const onGaze =
  (find: (group: MitigationGroup) => PaperMitigation | undefined) =>
  (group: MitigationGroup): PaperMitigation | null =>
    group.task === "gaze" ? (find(group) ?? null) : null;

/** Table 5 of the paper. */
export const table5 = mitigationExperiment({
  name: "table5",
  models: attacked(...mainConditions),
  methods: ["unlearning"],
  paper: onGaze(({ condition }) => byAttack[condition]),
});

/** Table 6 of the paper. */
export const table6 = mitigationExperiment({
  name: "table6",
  models: attacked("wanet"),
  methods: mitigationNames,
  paper: onGaze(({ method }) => byMethod[method]),
});

/** Table 13 of the paper. */
export const table13 = mitigationExperiment({
  name: "table13",
  models: (scope, profile) =>
    networksOf(scope, profile).map((each) => ({ ...each, condition: "wanet" as const })),
  methods: ["unlearning"],
  paper: onGaze(({ network }) => byArchitecture[network.split(",")[0]!]),
});

/** Table 15 of the paper. */
export const table15 = mitigationExperiment({
  name: "table15",
  models: attacked("blend", "sig"),
  methods: ["unlearning"],
  paper: onGaze(({ condition }) => byAttack[condition]),
});
