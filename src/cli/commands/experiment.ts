/** `drmguard experiment NAME` */
import { DrmGuardError } from "../../errors.ts";
import type { Task } from "../../experiments/profile.ts";
import { experiments, runExperiment } from "../../experiments/run-experiment.ts";
import { defaultMemoryLimit } from "../../jobs/memory.ts";
import { settingsOf, withInterrupt } from "../command.ts";
import { createExperimentProgress } from "../experiment-progress.ts";
import { withHint } from "../hints.ts";
import { print } from "../output.ts";
import type { GivenFlags } from "../resolve.ts";
import { experimentTable } from "../tables/experiment.ts";

/**
 * Makes a table or figure of the paper, with all the models, scans and repairs that it needs.
 *
 * Throws E_USAGE when there is no such experiment, and what it throws.
 *
 * @returns the exit code
 */
export async function experiment(name: string, flags: GivenFlags): Promise<number> {
  const chosen = experiments.find((each) => each.name === name);
  if (chosen === undefined) {
    const names = experiments.map((each) => each.name).join(", ");
    throw new DrmGuardError("E_USAGE", `found "${name}", expected one of ${names}`);
  }
  const { values } = settingsOf(experimentTable, flags);
  const { gaze, headPose, output, jobs, threads, cacheDir, profile, seeds, tasks, conditions } = values;
  const { classification, methods, mitigations, onlyFinished, arch, width } = values;
  const data: Partial<Record<Task, string>> = {
    ...(gaze === null ? {} : { gaze }),
    ...(headPose === null ? {} : { "head-pose": headPose }),
    ...(classification === null ? {} : { classification }),
  };
  const progress = createExperimentProgress(process.stderr, values.quiet ?? false);
  const say = (line: string): void => progress.onEvent({ kind: "note", message: line });
  try {
    const { markdown, files } = await withInterrupt(say, (signal) =>
      runExperiment(chosen, {
        profile: profile!,
        tasks: tasks!,
        seeds: seeds!,
        conditions: conditions!,
        methods,
        mitigations,
        network: {
          ...(arch === null ? {} : { architecture: arch }),
          ...(width === null ? {} : { width }),
        },
        scanOptions: values.scanSet ?? {},
        isOnlyFinished: onlyFinished ?? false,
        data,
        folder: output!,
        jobs: jobs!,
        threads: Math.max(1, Math.floor(threads! / jobs!)),
        cache: cacheDir!,
        memoryLimit: Math.floor(defaultMemoryLimit() / jobs!),
        onEvent: progress.onEvent,
        signal,
      }),
    );
    progress.close();
    await print(markdown);
    process.stderr.write(`${files.join("\n")}\n`);
    return 0;
  } catch (error) {
    throw withHint(error, { E_INTERRUPTED: "the same command goes on from there" });
  } finally {
    progress.close();
  }
}
