/** The folder of a training: what was asked for, what came of it, and what is needed to go on. */
import { mkdir, readdir, readFile, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { fileError, writeError } from "../data/node/file-error.ts";
import { writeWhole } from "../data/node/write-whole.ts";
import { DrmGuardError } from "../errors.ts";
import type { CheckpointArchive } from "../loops/work.ts";
import { readTrainingReport, type TrainingReport } from "../report/training-report.ts";
import { differencesOf } from "../workflows/differences.ts";
import { checkpointFolder } from "./checkpoint-folder.ts";

/** Names of what a run folder holds. */
export const runFiles = {
  configuration: "configuration.json",
  report: "run.json",
  model: "model.onnx",
  weights: "weights.state",
  curves: "curves.svg",
  history: "history.csv",
  benign: "benign",
  angles: "angles.csv",
  checkpoints: "checkpoints",
  trigger: (k: number): string => `trigger-${k + 1}.trigger`,
} as const;

/** A run folder that was opened. */
export interface RunFolder {
  readonly path: string;
  readonly checkpoints: CheckpointArchive;
  /** What came of the run when it is done already. */
  readonly finished: TrainingReport | null;
  /** Writes the report, which says that all else is there, and removes checkpoints. */
  finish(report: TrainingReport): Promise<void>;
  /** Takes the folder away again when nothing of a training is in it yet: what was asked for cannot be done. */
  abandon(): Promise<void>;
}

/**
 * Opens the folder of a run, and makes it where it is not there.
 *
 * Throws E_WRITE when it holds another run or other files and E_RESUME when what is resumed had another configuration; it
 * names what differs.
 *
 * @param configuration everything that the run depends on; plain JSON
 * @param resume whether to go on with what is there
 */
export async function openRunFolder(
  path: string,
  configuration: Readonly<Record<string, unknown>>,
  resume: boolean,
): Promise<RunFolder> {
  const made = await mkdir(path, { recursive: true }).catch((cause: unknown) => {
    throw writeError(`cannot make the folder ${path}`, cause);
  });
  const known = await readJson(join(path, runFiles.configuration));
  const text = JSON.stringify(configuration);
  if (known === null) {
    const files = await readdir(path).catch((cause: unknown) => {
      throw fileError(`cannot list ${path}`, cause);
    });
    if (files.length > 0) {
      throw new DrmGuardError(
        "E_WRITE",
        `found ${files.slice(0, 3).join(", ")} in ${path}, expected an empty folder`,
      );
    }
    await writeWhole(join(path, runFiles.configuration), [`${JSON.stringify(configuration, null, 2)}\n`]);
  } else if (!resume) {
    throw new DrmGuardError("E_WRITE", `${path} holds a training already, expected an empty folder`, {
      hint: "--resume goes on with it",
    });
  } else if (JSON.stringify(known) !== text) {
    throw new DrmGuardError(
      "E_RESUME",
      `${path} holds a training with ${differencesOf(known as Record<string, unknown>, configuration)}`,
      { hint: "repeat the options of that training, or choose another folder" },
    );
  }
  const report = await readJson(join(path, runFiles.report));
  return {
    path,
    checkpoints: checkpointFolder(join(path, runFiles.checkpoints)),
    finished: report === null ? null : readTrainingReport(report),
    async finish(finished) {
      await writeWhole(join(path, runFiles.report), [`${JSON.stringify(finished, null, 2)}\n`]);
      await rm(join(path, runFiles.checkpoints), { recursive: true, force: true });
    },
    async abandon() {
      const files = await readdir(path);
      if (files.some((name) => name !== runFiles.configuration)) return;
      await rm(join(path, runFiles.configuration), { force: true });
      if (made !== undefined) await rmdir(path);
    },
  };
}

/** A JSON file; null when it is not there. Throws E_FILE when it cannot be read or is no JSON. */
async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as unknown;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw fileError(`cannot read ${path}`, cause);
  }
}
