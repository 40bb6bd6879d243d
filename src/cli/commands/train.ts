/** `drmguard train --data PATH --output FOLDER` */
import pc from "picocolors";
import type { AttackRequest } from "../../attacks/plan.ts";
import { openDataSet } from "../../data/node/datasets/detect.ts";
import { DrmGuardError } from "../../errors.ts";
import { train as start } from "../../jobs/train.ts";
import { plainColors } from "../../report/table.ts";
import { trainingTable } from "../../report/training-table.ts";
import { type TrainingRecipe, trainingRecipes, withSteps } from "../../training/options.ts";
import { attackRequests } from "../attack-settings.ts";
import { settingsOf, withInterrupt } from "../command.ts";
import { resumeHint, withHint } from "../hints.ts";
import { print } from "../output.ts";
import { createProgress } from "../progress.ts";
import type { GivenFlags, SettingValues } from "../resolve.ts";
import { trainTable } from "../tables/train.ts";

type Values = SettingValues<typeof trainTable>;

/**
 * Trains a model and prints what came of it.
 *
 * Throws E_USAGE when a path is missing or targets do not fit, and what the job throws.
 *
 * @returns the exit code
 */
export async function train(flags: GivenFlags): Promise<number> {
  const { values } = settingsOf(trainTable, flags);
  const { data: path, output, kind, task, angleUnit, columns, crop, channelOrder, image } = values;
  if (path === null || output === null) {
    throw new DrmGuardError("E_USAGE", "expected --data PATH and --output FOLDER", {
      hint: "`drmguard data inspect PATH` says what a folder holds; `drmguard data render` makes heads to train on",
    });
  }
  const options = { task, angleUnit, columns, crop, channelOrder, image, flip: values.flip ?? [] };
  const attacks = await attacksOf(values, () => openDataSet(path, options, kind));
  const progress = createProgress(process.stderr, values.quiet ?? false);
  const say = (line: string): void => progress.onEvent({ kind: "note", message: line });
  const { seed, threads, provider, memoryLimit, timeLimit, keptImages, cacheDir } = values;
  try {
    const report = await withInterrupt(say, (signal) =>
      start({
        data: {
          path,
          kind,
          options,
          size: values.size,
          channels: values.gray ? 1 : 3,
          mirror: values.mirror?.join() === "none" ? [] : values.mirror,
          splitBy: values.split ?? "image",
        },
        network: { architecture: values.arch!, width: values.width!, stem: values.stem! },
        recipe: recipeOf(values),
        attacks,
        adaptive: values.adaptive,
        surrogate: values.surrogate,
        initial: values.initial,
        output,
        resume: values.resume ?? false,
        ...(seed === null ? {} : { seed }),
        ...(threads === null ? {} : { threads }),
        ...(provider === null ? {} : { provider }),
        ...(memoryLimit === null ? {} : { memoryLimit }),
        ...(keptImages === null ? {} : { keptImages }),
        ...(cacheDir === null ? {} : { cache: cacheDir }),
        timeLimit,
        onEvent: progress.onEvent,
        signal,
      }),
    );
    progress.close();
    const colors = pc.isColorSupported ? pc : plainColors;
    await print(
      values.format === "json"
        ? `${JSON.stringify(report, null, 2)}\n`
        : trainingTable(report, output, colors),
    );
    return 0;
  } catch (error) {
    throw withHint(error, {
      E_INTERRUPTED: resumeHint,
      E_DIVERGED: `a smaller --learning-rate may help; the last good state is in ${output}/checkpoints`,
    });
  } finally {
    progress.close();
  }
}

async function attacksOf(
  { attack, target, attackSet }: Values,
  open: () => ReturnType<typeof openDataSet>,
): Promise<AttackRequest[]> {
  if (attack === null) {
    if (target === null && attackSet === null) return [];
    throw new DrmGuardError(
      "E_USAGE",
      "found --target or --attack-set, expected an --attack that they are for",
    );
  }
  const { labels } = await open();
  return attackRequests(attack, target ?? [], attackSet ?? [], labels.length);
}

function recipeOf(values: Values): TrainingRecipe {
  const recipe: TrainingRecipe = trainingRecipes[values.recipe!];
  const { loss, optimizer, batch, learningRate, steps } = values;
  return {
    ...(steps === null ? recipe : withSteps(recipe, steps)),
    ...(loss === null ? {} : { loss }),
    ...(optimizer === null ? {} : { optimizer: { kind: optimizer } }),
    ...(batch === null ? {} : { batch }),
    ...(learningRate === null
      ? {}
      : {
          schedule: { ...(steps === null ? recipe : withSteps(recipe, steps)).schedule, rate: learningRate },
        }),
  };
}
