/** Measurements by true triggers, and images with them, as items of work. */
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeError } from "../data/node/file-error.ts";
import { writeWhole } from "../data/node/write-whole.ts";
import { measure } from "../jobs/measure.ts";
import { runFiles } from "../jobs/run-folder.ts";
import { poison } from "../jobs/train.ts";
import { version } from "../jobs/version.ts";
import type { MeasurementReport } from "../report/measurement.ts";
import type { TrainedModel } from "./model-item.ts";
import { nameOf } from "./models.ts";
import type { RepairedModel } from "./repair-item.ts";
import { hashOf, jsonAt, sha256Of, type WorkOptions } from "./run-folders.ts";
import type { Results, WorkItem } from "./work.ts";

/** Raised when measurements mean something else. */
const measurementVersion = 1;

/**
 * What the true triggers of a backdoored model do to another: to a benign one, where they do nothing but hide or move what it looks at.
 *
 * Making it throws what {@link measure} throws.
 */
export function baselineItem(
  other: WorkItem<TrainedModel>,
  backdoored: WorkItem<TrainedModel>,
  options: WorkOptions,
): WorkItem<MeasurementReport> {
  const placeOf = async (results: Results): Promise<{ model: string; run: string; path: string }> => {
    const [one, two] = [results.of(other), results.of(backdoored)];
    const model = join(one.folder, runFiles.model);
    // The trigger and the target are of the training that made the second file.
    const hash = hashOf([
      ...[version, measurementVersion, await sha256Of(model)],
      ...[await sha256Of(join(two.folder, runFiles.model)), two.report.data.sha256],
    ]);
    const name = `${nameOf(one.spec)}-under-${nameOf(two.spec)}-${hash}.json`;
    return { model, run: two.folder, path: join(options.folder, "measurements", name) };
  };
  return measurementItem(
    `${other.name} under the trigger of ${backdoored.name}`,
    [other, backdoored],
    placeOf,
    options,
  );
}

/**
 * What the true triggers do to a repaired model; null where there was nothing to repair by.
 *
 * Making it throws what {@link measure} throws.
 */
export function repairedMeasurementItem(
  repaired: WorkItem<RepairedModel>,
  options: WorkOptions,
): WorkItem<MeasurementReport | null> {
  const placeOf = (results: Results): Promise<{ model: string; run: string; path: string } | null> => {
    const { done, folder, scan } = results.of(repaired);
    // Both files are bound to the same hash: that of the folder.
    const path = join(folder, `measured-${measurementVersion}.json`);
    return Promise.resolve(done && { model: done.model, run: scan.model.folder, path });
  };
  return measurementItem(`${repaired.name}, under the true trigger`, [repaired], placeOf, options);
}

type Place = { readonly model: string; readonly run: string; readonly path: string };

function measurementItem<P extends Place | null>(
  name: string,
  needs: readonly WorkItem[],
  placeOf: (results: Results) => Promise<P>,
  { threads, cache, memoryLimit }: WorkOptions,
): WorkItem<P extends null ? MeasurementReport | null : MeasurementReport> {
  type Report = P extends null ? MeasurementReport | null : MeasurementReport;
  return {
    kind: "measurement",
    name,
    needs,
    async find(results) {
      const place = await placeOf(results);
      if (place === null) return { result: null as Report, seconds: 0 };
      const found = (await jsonAt(place.path)) as MeasurementReport | null;
      return found === null ? null : { result: found as Report, seconds: found.seconds };
    },
    async make(results, { signal, onEvent }) {
      const { path, model, run } = (await placeOf(results))!;
      const report = await measure({ model, run, cache, threads, memoryLimit, signal, onEvent });
      await writeWhole(path, [`${JSON.stringify(report, null, 2)}\n`]);
      return { result: report as Report, seconds: report.seconds };
    },
  };
}

/**
 * The clean images beside a model with its first true trigger: a folder of images under the same names.
 *
 * Making it throws what {@link poison} throws.
 */
export function poisonedItem(model: WorkItem<TrainedModel>, options: WorkOptions): WorkItem<string> {
  const placeOf = async (results: Results): Promise<{ trained: TrainedModel; folder: string }> => {
    const trained = results.of(model);
    const trigger = await sha256Of(join(trained.folder, runFiles.trigger(0)));
    const hash = hashOf([version, measurementVersion, trigger, trained.report.data.sha256]);
    return { trained, folder: join(options.folder, "poisoned", `${nameOf(trained.spec)}-${hash}`) };
  };
  return {
    kind: "poisoning",
    name: model.name,
    needs: [model],
    async find(results) {
      const { folder } = await placeOf(results);
      const done = (await jsonAt(`${folder}.json`)) as { seconds: number } | null;
      return done === null ? null : { result: folder, seconds: done.seconds };
    },
    async make(results, { signal, onEvent }) {
      const start = Date.now();
      const { trained, folder } = await placeOf(results);
      const { threads, memoryLimit } = options;
      const partial = `${folder}.tmp`;
      for (const path of [partial, folder]) await rm(path, { recursive: true, force: true });
      await poison({
        trigger: join(trained.folder, runFiles.trigger(0)),
        images: join(trained.folder, runFiles.benign),
        output: partial,
        threads,
        memoryLimit,
        signal,
        onEvent,
      });
      await rename(partial, folder).catch((cause: unknown) => {
        throw writeError(`cannot write ${folder}`, cause);
      });
      const seconds = (Date.now() - start) / 1000;
      await writeWhole(`${folder}.json`, [`${JSON.stringify({ seconds })}\n`]);
      return { result: folder, seconds };
    },
  };
}
