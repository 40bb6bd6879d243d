/** The repair of a model as an item of work. */
import { mkdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { writeWhole } from "../data/node/write-whole.ts";
import { DrmGuardError } from "../errors.ts";
import { jobDefaults } from "../jobs/defaults.ts";
import { type RepairCall, repair } from "../jobs/repair.ts";
import { runFiles } from "../jobs/run-folder.ts";
import { version } from "../jobs/version.ts";
import { type MitigationChanges, type MitigationName, mitigationOptions } from "../mitigation/methods.ts";
import { type RepairReport, repairReportSchema, repairReportVersion } from "../report/repair-report.ts";
import { repairDefaults } from "../workflows/repair-options.ts";
import { mitigationVersions } from "./method-versions.ts";
import { nameOf } from "./models.ts";
import { hashOf, jsonAt, sha256Of, type WorkOptions } from "./run-folders.ts";
import { type FinishedScan, type ScanSpec, scanName } from "./scan-item.ts";
import type { Results, WorkItem } from "./work.ts";

/** One repair, by the triggers that a scan reversed. */
export interface RepairSpec {
  readonly scan: ScanSpec;
  readonly method: MitigationName;
  /** What differs from the profile's options of the mitigation. */
  readonly options: MitigationChanges;
}

/** A repair that is there. */
export interface RepairedModel {
  readonly scan: FinishedScan;
  /** Null where the scan reversed no trigger to go by: nothing was done. */
  readonly done: { readonly report: RepairReport; readonly model: string } | null;
  /** The folder of the repair. */
  readonly folder: string;
}

const reportFile = "report.json";

/**
 * The item of a repair. Making it throws what a repair throws.
 *
 * It is kept under the hash of the file of the scan that it goes by, which has the model's in it, the mitigation with all of its options, the seed, and the versions
 * of the mitigation, of reports and of the program.
 *
 * @param scan the scan whose verdict counts
 * @param whole the scan whose triggers it goes by, of all families
 */
export function repairItem(
  spec: RepairSpec,
  scan: WorkItem<FinishedScan>,
  whole: WorkItem<FinishedScan>,
  options: WorkOptions,
): WorkItem<RepairedModel> {
  const { method } = spec;
  const changes = { ...options.profile.repairs[method], ...spec.options };
  const { seed } = jobDefaults;
  const placeOf = async (
    results: Results,
  ): Promise<{ scan: FinishedScan; from: FinishedScan; folder: string }> => {
    const [scanned, from] = [results.of(scan), results.of(whole)];
    const hash = hashOf([
      ...[version, repairReportVersion, mitigationVersions[method], await sha256Of(from.path)],
      ...[method, { ...mitigationOptions[method], ...changes }, seed, repairDefaults.maxDegradation],
    ]);
    const name = `${nameOf(spec.scan.model)}-${method}-${hash}`;
    return { scan: scanned, from, folder: join(options.folder, "repairs", name) };
  };
  return {
    kind: "repair",
    name: `${scanName(spec.scan)} with ${method}`,
    needs: [scan, whole],
    async find(results) {
      const { scan: scanned, from, folder } = await placeOf(results);
      if ((from.result.triggers ?? []).length === 0) {
        return { result: { scan: scanned, folder, done: null }, seconds: 0 };
      }
      const found = await jsonAt(join(folder, reportFile));
      if (found === null) return null;
      const report = readRepair(found, folder);
      return {
        result: { scan: scanned, folder, done: { report, model: modelOf(report, folder) } },
        seconds: report.seconds,
      };
    },
    async make(results, { signal, onEvent }) {
      const { scan: scanned, from, folder } = await placeOf(results);
      const { threads, memoryLimit } = options;
      const output = join(folder, "repaired.onnx");
      const checkpoints = join(folder, "checkpoints");
      await mkdir(folder, { recursive: true });
      // What a killed run wrote before it could say so.
      for (const name of ["repaired.onnx", "repaired.failed.onnx", "repaired.unverified.onnx"]) {
        await rm(join(folder, name), { force: true });
      }
      const report = await repairAnyway({
        model: join(scanned.model.folder, runFiles.model),
        benign: join(scanned.model.folder, runFiles.benign),
        output,
        from: from.path,
        method,
        options: changes,
        // Tables measure by the true trigger.
        rescan: false,
        seed,
        threads,
        cache: checkpoints,
        memoryLimit,
        signal,
        onEvent,
      });
      const text = `${JSON.stringify(report, null, 2)}\n`;
      await writeWhole(join(folder, reportFile), [text]);
      await rm(checkpoints, { recursive: true, force: true });
      const done = { report: readRepair(JSON.parse(text), folder), model: modelOf(report, folder) };
      return { result: { scan: scanned, folder, done }, seconds: report.seconds };
    },
  };
}

/** Where the repaired model is: a failed one has another name. */
function modelOf({ output }: RepairReport, folder: string): string {
  return join(folder, basename(output.path));
}

function readRepair(value: unknown, folder: string): RepairReport {
  const read = repairReportSchema.safeParse(value);
  if (read.success) return read.data;
  throw new DrmGuardError("E_RESULT", `found a report in ${folder} that is no repair's`, {
    cause: read.error,
    hint: "delete the folder to repair the model again",
  });
}

/** Goes on with a saved repair; begins anew where the saved one was another. */
async function repairAnyway(call: RepairCall): Promise<RepairReport> {
  try {
    return await repair({ ...call, resume: true });
  } catch (error) {
    if (!(error instanceof DrmGuardError) || error.code !== "E_RESUME") throw error;
    return await repair({ ...call, resume: false });
  }
}
