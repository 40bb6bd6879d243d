/** The scan of a model as an item of work. */
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileError, writeError } from "../data/node/file-error.ts";
import { writeWhole } from "../data/node/write-whole.ts";
import { DrmGuardError } from "../errors.ts";
import { type MethodChanges, type MethodName, prepareMethod } from "../identification/methods.ts";
import { jobDefaults } from "../jobs/defaults.ts";
import { runFiles } from "../jobs/run-folder.ts";
import { type ScanCall, scan } from "../jobs/scan.ts";
import { version } from "../jobs/version.ts";
import { readResult } from "../report/read-result.ts";
import { resultSchemaVersion, type ScanResult } from "../report/result.ts";
import { familiesLeftOut, wholeSearch } from "../workflows/repair-scans.ts";
import { methodVersions } from "./method-versions.ts";
import type { TrainedModel } from "./model-item.ts";
import { type ModelSpec, nameOf } from "./models.ts";
import { hashOf, jsonAt, sha256Of, type WorkOptions } from "./run-folders.ts";
import type { Results, WorkItem } from "./work.ts";

/** One scan. */
export interface ScanSpec {
  readonly model: ModelSpec;
  readonly method: MethodName;
  /** What differs from the profile's options of the method. */
  readonly options: MethodChanges;
  /** The part of the clean images beside the model that it sees; the first ones. */
  readonly share: number;
}

/** A scan that is there. */
export interface FinishedScan {
  readonly spec: ScanSpec;
  readonly model: TrainedModel;
  readonly result: ScanResult;
  /** The file of the result. */
  readonly path: string;
}

/** Results of later versions of the schema only hold more while this is the same. */
const resultGeneration = resultSchemaVersion.split(".")[0];

/** A name of a scan for messages. */
export function scanName({ model, method, options, share }: ScanSpec): string {
  const changes = Object.entries(options).map(([name, value]) => `${name}=${value}`);
  const parts = [...changes, ...(share === 1 ? [] : [`${100 * share} % of the images`])];
  return `${nameOf(model)} by ${method}${parts.length === 0 ? "" : ` (${parts.join(", ")})`}`;
}

/** The options of a method that differ from its defaults: the profile's, the user's, and those of the scan. */
function changesOf(
  { model: { task }, method, options }: ScanSpec,
  { profile, scanOptions }: WorkOptions,
): MethodChanges {
  return {
    ...profile.scans[method],
    ...profile.tasks[task].scans?.[method],
    ...scanOptions[method],
    ...options,
  };
}

/**
 * The item of a scan. Making it throws what a scan throws.
 *
 * A result is kept under the hash of the model's file and its training images, the method with all of its options, the seed, and the
 * versions of the method and of the program.
 */
export function scanItem(
  spec: ScanSpec,
  model: WorkItem<TrainedModel>,
  options: WorkOptions,
): WorkItem<FinishedScan> {
  const { method, share } = spec;
  const changes = changesOf(spec, options);
  const { seed } = jobDefaults;
  const task = spec.model.task === "classification" ? "classification" : "regression";
  const placeOf = async (results: Results): Promise<{ trained: TrainedModel; path: string }> => {
    const trained = results.of(model);
    const { report, folder } = trained;
    const { labels, shape } = report.data;
    const [, height, width] = shape.slice(-3) as [number, number, number];
    const subject = { dimension: labels.length, pixels: height * width };
    const hash = hashOf([
      ...[version, resultGeneration, methodVersions[method]],
      ...[await sha256Of(join(folder, runFiles.model)), report.data.sha256, report.configuration.seed],
      ...[method, prepareMethod(method, "auto", subject, changes, task).options, seed, share],
    ]);
    return { trained, path: join(options.folder, "scans", `${nameOf(spec.model)}-${method}-${hash}.json`) };
  };
  return {
    kind: "scan",
    name: scanName(spec),
    needs: [model],
    async find(results) {
      const { trained, path } = await placeOf(results);
      const found = await jsonAt(path);
      if (found === null) return null;
      const result = readResult(found);
      return { result: { spec, model: trained, result, path }, seconds: result.seconds };
    },
    async make(results, { signal, onEvent }) {
      const { trained, path } = await placeOf(results);
      const { threads, cache, memoryLimit } = options;
      const benign = await benignImages(trained, share, options.folder);
      // Only a scan that was begun here is gone on with: the cache holds those of other methods too.
      const begun = `${path}.begun`;
      const isBegun = existsSync(begun);
      await mark(begun);
      const result = await scanAnyway(isBegun, {
        model: join(trained.folder, runFiles.model),
        benign,
        method,
        task,
        options: changes,
        seed,
        threads,
        cache,
        memoryLimit,
        signal,
        onEvent,
      });
      const text = `${JSON.stringify(result, null, 2)}\n`;
      await writeWhole(path, [text]);
      await rm(begun, { force: true });
      const read = readResult(JSON.parse(text));
      return { result: { spec, model: trained, result: read, path }, seconds: read.seconds };
    },
  };
}

/**
 * The item of the scan that a repair goes by: where a scan has left families out, all of them are compared, as
 * `drmguard repair` does it; else the scan itself. So all mitigations of a model go by one search.
 *
 * Making it throws what a scan throws.
 */
export function wholeScanItem(
  scan: WorkItem<FinishedScan>,
  spec: ScanSpec,
  model: WorkItem<TrainedModel>,
  options: WorkOptions,
): WorkItem<FinishedScan> {
  const whole = scanItem({ ...spec, options: { ...spec.options, ...wholeSearch } }, model, options);
  return {
    ...whole,
    needs: [model, scan],
    async find(results) {
      const first = results.of(scan);
      const isWanted = familiesLeftOut(first.result).length > 0;
      return isWanted ? await whole.find(results) : { result: first, seconds: first.result.seconds };
    },
  };
}

/** Makes an empty file. In one step: an empty file cannot be half there, and a kill leaves no other name behind. */
async function mark(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, "");
  } catch (cause) {
    throw writeError(`cannot write ${path}`, cause);
  }
}

/** Goes on with a scan that was begun; from the start where nothing of it was saved. */
async function scanAnyway(isBegun: boolean, call: ScanCall): Promise<ScanResult> {
  if (!isBegun) return await scan({ ...call, resume: false });
  try {
    return await scan({ ...call, resume: true });
  } catch (error) {
    if (!(error instanceof DrmGuardError) || error.code !== "E_RESUME") throw error;
    return await scan({ ...call, resume: false });
  }
}

/** The clean images that a training left, or a folder with the first of them. */
async function benignImages(
  { spec, folder }: TrainedModel,
  share: number,
  runFolder: string,
): Promise<string> {
  const all = join(folder, runFiles.benign);
  if (share === 1) return all;
  const labels = join(all, "labels.csv");
  const text = await readFile(labels, "utf8").catch((cause: unknown) => {
    throw fileError(`cannot read ${labels}`, cause);
  });
  const [header, ...rows] = text.trim().split("\n") as [string, ...string[]];
  const kept = rows.slice(0, Math.max(2, Math.round(share * rows.length)));
  const place = join(runFolder, "scans", "images", `${nameOf(spec)}-${kept.length}-${hashOf(text)}`);
  const isThere = await readFile(join(place, "labels.csv"), "utf8").catch(() => null);
  if (isThere !== null) return place;
  // Whole or not at all: a scan of another process may want the same images.
  const partial = `${place}.${process.pid}.tmp`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  for (const row of kept) {
    const name = row.slice(0, row.indexOf(","));
    await copyFile(join(all, name), join(partial, name));
  }
  await writeWhole(join(partial, "labels.csv"), [`${[header, ...kept].join("\n")}\n`]);
  await rename(partial, place).catch(async (cause: NodeJS.ErrnoException) => {
    await rm(partial, { recursive: true, force: true });
    if (cause.code !== "ENOTEMPTY" && cause.code !== "EEXIST") {
      throw fileError(`cannot make ${place}`, cause);
    }
  });
  return place;
}
