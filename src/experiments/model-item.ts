/** The training of a model as an item of work. */
import { join } from "node:path";
import type { DataSet } from "../data/datasets/dataset.ts";
import { openDataSet } from "../data/node/datasets/detect.ts";
import { runFiles } from "../jobs/run-folder.ts";
import { type TrainCall, train } from "../jobs/train.ts";
import { readTrainingReport, type TrainingReport } from "../report/training-report.ts";
import { attacksOf, dependencyOf, type ModelSpec, nameOf } from "./models.ts";
import type { Task } from "./profile.ts";
import { folderOf, jsonAt, pathOf, recipeOf, type WorkOptions } from "./run-folders.ts";
import type { Made, WorkItem } from "./work.ts";

/** A model that is there. */
export interface TrainedModel {
  readonly spec: ModelSpec;
  /** The folder of its run. */
  readonly folder: string;
  readonly report: TrainingReport;
}

/** Least and most of each label of each task's data set. */
export type LabelRanges = Readonly<Partial<Record<Task, readonly (readonly [number, number])[]>>>;

/**
 * Reads the labels' ranges. Throws E_USAGE where a task has no data set, and what opening one throws.
 *
 * @param tasks those that are asked for
 */
export async function labelRanges(tasks: readonly Task[], data: WorkOptions["data"]): Promise<LabelRanges> {
  const entries: [Task, readonly (readonly [number, number])[]][] = [];
  for (const task of new Set(tasks)) {
    entries.push([task, rangesOf(await openDataSet(pathOf(task, data), { task: null }))]);
  }
  return Object.fromEntries(entries);
}

function rangesOf({ labels, samples }: DataSet): (readonly [number, number])[] {
  return labels.map((_, j) =>
    samples.reduce(
      ([least, most], sample) =>
        [Math.min(least, sample.labels[j]!), Math.max(most, sample.labels[j]!)] as const,
      [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as readonly [number, number],
    ),
  );
}

/**
 * The item of a model.
 *
 * Throws E_USAGE when its task has no data set. Making it throws what a training throws.
 *
 * @param first the item of the benign model that has to be there first; null for none
 * @param ranges null where nothing is to be trained: then what is there is taken for what was asked for by its folder's name alone
 */
export function modelItem(
  spec: ModelSpec,
  first: WorkItem<TrainedModel> | null,
  ranges: LabelRanges | null,
  options: WorkOptions,
): WorkItem<TrainedModel> {
  const folder = folderOf(spec, options);
  const madeOf = (report: TrainingReport): Made<TrainedModel> => ({
    result: { spec, folder, report },
    seconds: report.seconds,
  });
  return {
    kind: "model",
    name: nameOf(spec),
    needs: first === null ? [] : [first],
    async find() {
      const found = await jsonAt(join(folder, runFiles.report));
      if (found === null) return null;
      const report = readTrainingReport(found);
      // A training says itself what differs.
      const isSame = ranges === null || isPartOf(knownOf(spec, ranges, options), report.configuration);
      return isSame ? madeOf(report) : null;
    },
    async make(_, { signal, onEvent }) {
      const call = callOf(spec, ranges!, options);
      const { threads, cache, memoryLimit } = options;
      const watched = { threads, cache, memoryLimit, signal, onEvent };
      return madeOf(await train({ ...call, ...watched, output: folder, resume: true }));
    },
  };
}

function callOf(
  spec: ModelSpec,
  ranges: LabelRanges,
  options: WorkOptions,
): Omit<TrainCall, "output"> & { readonly data: { readonly path: string } } {
  const { profile, data } = options;
  const { size, mirror } = profile.tasks[spec.task];
  const { network, recipe, isImplanted } = recipeOf(spec, profile);
  const first = dependencyOf(spec, profile);
  return {
    data: { path: pathOf(spec.task, data), size, mirror },
    network,
    recipe,
    ...attacksOf(spec, ranges[spec.task]!, profile.attackOptions),
    initial: isImplanted ? folderOf(first!, options) : null,
    surrogate: spec.condition === "clean-label" ? join(folderOf(first!, options), runFiles.model) : null,
    seed: spec.seed,
  };
}

/** What of a training's configuration is known here; the rest are defaults, and paths that stand in the folder's name. */
function knownOf(spec: ModelSpec, ranges: LabelRanges, options: WorkOptions): unknown {
  const { network, recipe, attacks, adaptive, seed } = callOf(spec, ranges, options);
  return { network, recipe, attacks, adaptive, seed };
}

/** Whether all that one value holds stands in another, at the same places. */
export function isPartOf(part: unknown, whole: unknown): boolean {
  if (typeof part !== "object" || part === null) return part === whole;
  if (typeof whole !== "object" || whole === null || Array.isArray(part) !== Array.isArray(whole))
    return false;
  if (Array.isArray(part) && part.length !== (whole as unknown[]).length) return false;
  return Object.entries(part).every(
    ([key, value]) => value === undefined || isPartOf(value, (whole as Record<string, unknown>)[key]),
  );
}
