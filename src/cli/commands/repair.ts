/** `drmguard repair MODEL --benign PATH --output FILE` */
import { extname } from "node:path";
import pc from "picocolors";
import { writeWhole } from "../../data/node/write-whole.ts";
import { DrmGuardError } from "../../errors.ts";
import { jobDefaults } from "../../jobs/defaults.ts";
import { repair as start } from "../../jobs/repair.ts";
import type { RepairReport } from "../../report/repair-report.ts";
import { repairTable as drawn } from "../../report/repair-table.ts";
import { plainColors } from "../../report/table.ts";
import { methodChanges, mitigationChanges } from "../../workflows/method-settings.ts";
import { repairDefaults } from "../../workflows/repair-model.ts";
import { settingsOf, withInterrupt } from "../command.ts";
import { repairExitCodes } from "../exit-codes.ts";
import { resumeHint, withHint } from "../hints.ts";
import { print } from "../output.ts";
import { createProgress } from "../progress.ts";
import type { GivenFlags } from "../resolve.ts";
import { repairTable } from "../tables/repair.ts";

/**
 * Repairs a model, writes it with its report, and prints what came of it.
 *
 * Throws E_USAGE when a path is missing, and what the job throws.
 *
 * @returns the exit code
 */
export async function repair(model: string, flags: GivenFlags): Promise<number> {
  const { values } = settingsOf(repairTable, flags);
  const { benign, output, mean, std, scale, layout, channels, scanMethod } = values;
  if (benign === null || output === null) {
    throw new DrmGuardError("E_USAGE", "expected --benign PATH and --output FILE", {
      hint: "clean images with labels like those that the model is made for, and the ONNX file to write",
    });
  }
  if (extname(output).toLowerCase() !== ".onnx") {
    throw new DrmGuardError("E_USAGE", `found --output ${output}, expected a file that ends in .onnx`);
  }
  const method = values.method ?? repairDefaults.method;
  const options = mitigationChanges(method, values.set ?? []);
  const scanOptions = methodChanges(scanMethod ?? jobDefaults.method, values.scanSet ?? []);
  const progress = createProgress(process.stderr, values.quiet ?? false);
  const say = (line: string): void => progress.onEvent({ kind: "note", message: line });
  try {
    const report = await withInterrupt(say, (signal) =>
      start({
        ...values,
        model,
        benign,
        output,
        method,
        options,
        scan: { method: scanMethod, options: scanOptions },
        rescan: !values.skipRescan,
        cache: values.cacheDir,
        preprocessing: { mean, std, scale, layout, channels },
        onEvent: progress.onEvent,
        signal,
      }),
    );
    progress.close();
    const path = reportPath(report);
    const json = `${JSON.stringify(report, null, 2)}\n`;
    await writeWhole(path, [json]);
    say(`report: ${path}`);
    await print(values.format === "json" ? json : drawn(report, pc.isColorSupported ? pc : plainColors));
    return repairExitCodes[report.outcome];
  } catch (error) {
    throw withHint(error, { E_INTERRUPTED: resumeHint });
  } finally {
    progress.close();
  }
}

/** The report stands beside the model that it is of. */
function reportPath({ output: { path } }: RepairReport): string {
  return `${path.slice(0, path.length - extname(path).length)}.json`;
}
