/** Trains the models of an experiment in child processes, several at a time. What is finished is not done again. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { DataSet } from "../data/datasets/dataset.ts";
import { openDataSet } from "../data/node/datasets/detect.ts";
import { DrmGuardError } from "../errors.ts";
import { runFiles } from "../jobs/run-folder.ts";
import { type TrainCall, train } from "../jobs/train.ts";
import type { WorkEvent } from "../loops/work.ts";
import type { TrainingReport } from "../report/training-report.ts";
import type { TrainingRecipe } from "../training/options.ts";
import { attackOf, attacksOf, dependencyOf, type ModelSpec, nameOf } from "./models.ts";
import type { Profile, Task } from "./profile.ts";

/** A model that is there. */
export interface TrainedModel {
  readonly spec: ModelSpec;
  /** The folder of its run. */
  readonly folder: string;
  readonly report: TrainingReport;
}

/** What happens while models are trained. */
export type ModelEvent =
  | {
      readonly kind: "started" | "finished";
      readonly model: string;
      readonly done: number;
      readonly all: number;
    }
  | { readonly kind: "work"; readonly model: string; readonly event: WorkEvent };

/** How models are trained. */
export interface RunModelsOptions {
  readonly profile: Profile;
  /** Where each task's data set is. */
  readonly data: Readonly<Partial<Record<Task, string>>>;
  /** The folder of the experiments. */
  readonly folder: string;
  /** Models that are trained at the same time. */
  readonly jobs: number;
  readonly threads: number;
  readonly cache: string;
  readonly memoryLimit: number;
  readonly onEvent: (event: ModelEvent) => void;
  readonly signal: AbortSignal;
}

/**
 * Trains every model that is not there yet, and those that others need first.
 *
 * Throws E_INTERRUPTED when stopped, with the states saved; the same call goes on. Throws what a training throws; the others
 * are stopped then, and saved.
 *
 * @returns the models in the order of the specs
 */
export async function runModels(
  specs: readonly ModelSpec[],
  options: RunModelsOptions,
): Promise<TrainedModel[]> {
  const wanted = withDependencies(specs, options.profile);
  const ranges = await labelRanges(wanted, options.data);
  const controller = new AbortController();
  const signal = AbortSignal.any([controller.signal, options.signal]);
  const done = new Map<string, TrainedModel>();
  const waiting = [...wanted];
  const isReady = (spec: ModelSpec): boolean => {
    const first = dependencyOf(spec, options.profile);
    return first === null || done.has(nameOf(first));
  };
  const report = (kind: "started" | "finished", spec: ModelSpec): void =>
    options.onEvent({ kind, model: nameOf(spec), done: done.size, all: wanted.length });
  let wake = (): void => {};
  const worker = async (): Promise<void> => {
    while (waiting.length > 0) {
      const index = waiting.findIndex(isReady);
      if (index < 0) {
        // Another worker trains what is waited for.
        await new Promise<void>((resolve) => {
          const before = wake;
          wake = () => {
            before();
            resolve();
          };
        });
        if (signal.aborted) return;
        continue;
      }
      const [spec] = waiting.splice(index, 1) as [ModelSpec];
      report("started", spec);
      done.set(nameOf(spec), await trainModel(spec, ranges[spec.task]!, options, signal));
      report("finished", spec);
      wake();
      wake = () => {};
    }
  };
  const workers = Array.from({ length: Math.min(options.jobs, wanted.length) }, async () => {
    try {
      await worker();
    } catch (error) {
      // The others save their states; whoever waits for a model that will not come is let go.
      controller.abort();
      wake();
      throw error;
    }
  });
  const ends = await Promise.allSettled(workers);
  const failed = ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
  const isInterrupt = (error: unknown): boolean =>
    error instanceof DrmGuardError && error.code === "E_INTERRUPTED";
  // What stopped the others says more than that they were stopped.
  if (failed.length > 0) throw failed.find((error) => !isInterrupt(error)) ?? failed[0];
  return specs.map((spec) => done.get(nameOf(spec))!);
}

function withDependencies(specs: readonly ModelSpec[], profile: Profile): ModelSpec[] {
  const all = new Map<string, ModelSpec>();
  const add = (spec: ModelSpec): void => {
    const first = dependencyOf(spec, profile);
    if (first !== null) add(first);
    all.set(nameOf(spec), spec);
  };
  specs.forEach(add);
  return [...all.values()];
}

type Ranges = readonly (readonly [number, number])[];

async function labelRanges(
  specs: readonly ModelSpec[],
  data: RunModelsOptions["data"],
): Promise<Partial<Record<Task, Ranges>>> {
  const ranges: Partial<Record<Task, Ranges>> = {};
  for (const task of new Set(specs.map((spec) => spec.task))) {
    ranges[task] = rangesOf(await openDataSet(pathOf(task, data), { task: null }));
  }
  return ranges;
}

function pathOf(task: Task, data: RunModelsOptions["data"]): string {
  const path = data[task];
  if (path !== undefined) return path;
  throw new DrmGuardError("E_USAGE", `found no data set for ${task}, expected --${task} PATH`);
}

function rangesOf({ labels, samples }: DataSet): Ranges {
  return labels.map((_, j) =>
    samples.reduce(
      ([least, most], sample) =>
        [Math.min(least, sample.labels[j]!), Math.max(most, sample.labels[j]!)] as const,
      [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as readonly [number, number],
    ),
  );
}

async function trainModel(
  spec: ModelSpec,
  ranges: Ranges,
  options: RunModelsOptions,
  signal: AbortSignal,
): Promise<TrainedModel> {
  const { profile, data, threads, cache, memoryLimit } = options;
  const { network, size, mirror } = profile.tasks[spec.task];
  const { recipe, isImplanted } = recipeOf(spec, profile);
  const first = dependencyOf(spec, profile);
  const call: Omit<TrainCall, "output"> = {
    data: { path: pathOf(spec.task, data), size, mirror },
    network,
    recipe,
    ...attacksOf(spec, ranges, profile.attackOptions),
    initial: isImplanted ? folderOf(first!, options) : null,
    surrogate: spec.condition === "clean-label" ? join(folderOf(first!, options), runFiles.model) : null,
    seed: spec.seed,
  };
  const folder = folderOf(spec, options);
  const report = await train({
    ...call,
    output: folder,
    resume: true,
    threads,
    cache,
    memoryLimit,
    signal,
    onEvent: (event) => options.onEvent({ kind: "work", model: nameOf(spec), event }),
  });
  return { spec, folder, report };
}

/** How a model is trained, and whether that begins with the benign one. */
function recipeOf(
  { task, condition }: ModelSpec,
  { tasks }: Profile,
): { recipe: TrainingRecipe; isImplanted: boolean } {
  const { recipe, implanting } = tasks[task];
  const isImplanted = implanting !== null && condition !== "benign";
  return { recipe: isImplanted ? implanting : recipe, isImplanted };
}

/** Where a model is: named by what it is, and by everything else that it depends on. */
function folderOf(spec: ModelSpec, runOptions: RunModelsOptions): string {
  const { profile, data, folder } = runOptions;
  const { network, size, mirror } = profile.tasks[spec.task];
  const { recipe } = recipeOf(spec, profile);
  const first = dependencyOf(spec, profile);
  const attack = attackOf(spec.condition);
  const options = attack === null ? null : (profile.attackOptions[attack] ?? null);
  const rest = JSON.stringify([
    ...[network, recipe, size, mirror, options, pathOf(spec.task, data)],
    ...(first === null ? [] : [basename(folderOf(first, runOptions))]),
  ]);
  const hash = createHash("sha256").update(rest).digest("hex").slice(0, 8);
  return join(folder, "models", `${nameOf(spec)}-${hash}`);
}

/** The angles of a trained model's features on its test images, in degrees: clean ones, then those with each trigger. */
export async function readAngles({ folder }: TrainedModel): Promise<number[][][]> {
  const text = await readFile(join(folder, runFiles.angles), "utf8");
  const sets: number[][][] = [];
  for (const line of text.trim().split("\n").slice(1)) {
    const [backdoor, ...angles] = line.split(",").map(Number) as [number, ...number[]];
    sets[backdoor] ??= [];
    sets[backdoor].push(angles);
  }
  return sets;
}
