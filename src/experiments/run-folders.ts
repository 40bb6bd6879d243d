/** Where the work of experiments is kept, and under which names. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileError } from "../data/node/file-error.ts";
import { DrmGuardError } from "../errors.ts";
import type { ChangesByMethod } from "../identification/methods.ts";
import { attackOf, dependencyOf, type ModelSpec, nameOf } from "./models.ts";
import type { Profile, Task, TaskProfile } from "./profile.ts";

/** What work is made with. */
export interface WorkOptions {
  readonly profile: Profile;
  /** What differs from the profile's options of identification methods. */
  readonly scanOptions: ChangesByMethod;
  /** Where each task's data set is. */
  readonly data: Readonly<Partial<Record<Task, string>>>;
  /** The folder of the experiments. */
  readonly folder: string;
  /** Threads of each item. */
  readonly threads: number;
  /** Folder of decoded images and pretrained generators. */
  readonly cache: string;
  /** Bytes that an item may take. */
  readonly memoryLimit: number;
}

/** Characters of a hash in names: enough for the few thousand items of a folder. */
const hashLength = 8;

/** A short name for plain JSON. */
export function hashOf(parts: unknown): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, hashLength);
}

/** The sha256 of a file. Throws E_FILE when it cannot be read. */
export async function sha256Of(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw fileError(`cannot read ${path}`, cause);
  });
  return createHash("sha256").update(bytes).digest("hex");
}

/** A JSON file; null when it is not there. Throws E_FILE when it cannot be read, E_RESULT when it is no JSON. */
export async function jsonAt(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return null;
    throw fileError(`cannot read ${path}`, cause);
  });
  if (text === null) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new DrmGuardError("E_RESULT", `${path} is not JSON`, { cause, hint: "delete it to make it again" });
  }
}

/** The data set of a task. Throws E_USAGE when there is none. */
export function pathOf(task: Task, data: WorkOptions["data"]): string {
  const path = data[task];
  if (path !== undefined) return path;
  throw new DrmGuardError("E_USAGE", `found no data set for ${task}, expected --${task} PATH`);
}

/** The network of a model, how it is trained, and whether that begins with the benign one. */
export function recipeOf(
  { task, condition, network }: ModelSpec,
  { tasks }: Profile,
): { network: TaskProfile["network"]; recipe: TaskProfile["recipe"]; isImplanted: boolean } {
  const { recipe, implanting, implantingBy, network: usual } = tasks[task];
  const all = { ...usual, ...network };
  const attack = attackOf(condition);
  if (implanting === null || attack === null) return { network: all, recipe, isImplanted: false };
  return { network: all, recipe: implantingBy?.[attack] ?? implanting, isImplanted: true };
}

/** Where a model is: named by what it is, and by everything else that it depends on. */
export function folderOf(spec: ModelSpec, options: Pick<WorkOptions, "profile" | "data" | "folder">): string {
  const { profile, data, folder } = options;
  const { size, mirror } = profile.tasks[spec.task];
  const { network, recipe } = recipeOf(spec, profile);
  const first = dependencyOf(spec, profile);
  const attack = attackOf(spec.condition);
  const changes = attack === null ? null : (profile.attackOptions[attack] ?? null);
  const hash = hashOf([
    ...[network, recipe, size, mirror, changes, pathOf(spec.task, data)],
    ...(first === null ? [] : [basename(folderOf(first, options))]),
  ]);
  return join(folder, "models", `${nameOf(spec)}-${hash}`);
}
