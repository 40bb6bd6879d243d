/** Trainings and poisonings, for programs. */

import { paperShares } from "../data/splits.ts";
import { networkDefaults } from "../models/networks/network.ts";
import type { TrainingReport } from "../report/training-report.ts";
import { trainingRecipes } from "../training/options.ts";
import { jobDefaults } from "./defaults.ts";
import type { PoisonReport, PoisonRequest, TrainingData, TrainRequest } from "./job.ts";
import { defaultMemoryLimit } from "./memory.ts";
import { runInChild, type WatchOptions, watchOptions } from "./run-in-child.ts";

/** Clean images that are kept beside a model when nothing else is said: enough for a scan. */
const keptImages = 500;

/** What a training takes: data and a folder; all else has a default. */
export interface TrainCall
  extends Partial<Omit<TrainRequest, "kind" | "data" | "output" | "network">>,
    WatchOptions {
  readonly data: Pick<TrainingData, "path"> & Partial<TrainingData>;
  /** The folder of the run: empty, or with a run that is resumed. */
  readonly output: string;
  readonly network?: Partial<TrainRequest["network"]>;
}

/** What poisoning takes. */
export interface PoisonCall
  extends Pick<PoisonRequest, "trigger" | "images" | "output">,
    Partial<Pick<PoisonRequest, "size" | "threads" | "memoryLimit">>,
    WatchOptions {}

/**
 * Trains a model in a child process.
 *
 * Throws a DrmGuardError for data and attacks that cannot be used, and when the training fails or is stopped.
 *
 * @example
 * const { regressionError, backdoors } = await train({
 *   data: { path: "heads/" },
 *   attacks: [{ attack: "badnets", targets: [[0.3, -0.1]], options: {} }],
 *   output: "runs/badnets",
 * });
 */
export function train(call: TrainCall): Promise<TrainingReport> {
  const { data, network } = call;
  const request: TrainRequest = {
    kind: "train",
    data: {
      path: data.path,
      kind: data.kind ?? null,
      options: data.options ?? {},
      size: data.size ?? null,
      channels: data.channels ?? 3,
      mirror: data.mirror ?? null,
      splitBy: data.splitBy ?? "image",
      shares: data.shares ?? paperShares,
    },
    network: { ...networkDefaults, ...network },
    recipe: call.recipe ?? trainingRecipes.desk,
    attacks: call.attacks ?? [],
    adaptive: call.adaptive ?? null,
    surrogate: call.surrogate ?? null,
    initial: call.initial ?? null,
    seed: call.seed ?? jobDefaults.seed,
    output: call.output,
    keptImages: call.keptImages ?? keptImages,
    resume: call.resume ?? false,
    cache: call.cache ?? jobDefaults.cache,
    threads: call.threads ?? jobDefaults.threads,
    provider: call.provider ?? jobDefaults.provider,
    memoryLimit: call.memoryLimit ?? defaultMemoryLimit(),
  };
  return runInChild(request, watchOptions(call));
}

/**
 * Puts the trigger of a trained model on images, in a child process.
 *
 * Throws a DrmGuardError when the trigger or the images cannot be used.
 */
export function poison(call: PoisonCall): Promise<PoisonReport> {
  const { trigger, images, output, size } = call;
  const request: PoisonRequest = {
    kind: "poison",
    trigger,
    images,
    output,
    size: size ?? null,
    threads: call.threads ?? jobDefaults.threads,
    memoryLimit: call.memoryLimit ?? defaultMemoryLimit(),
  };
  return runInChild(request, watchOptions(call));
}
