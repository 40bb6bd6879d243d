/** `drmguard repair MODEL --benign PATH --output FILE` */
import { extname } from "node:path";
import { DrmGuardError } from "../../errors.ts";
import { jobDefaults } from "../../jobs/defaults.ts";
import { repair as start } from "../../jobs/repair.ts";
import type { RepairReport } from "../../report/repair-report.ts";
import { methodChanges, mitigationChanges } from "../../workflows/method-settings.ts";
import { repairDefaults } from "../../workflows/repair-options.ts";
import { settingsOf, withInterrupt } from "../command.ts";
import { drawRepair } from "../draw-repair.ts";
import { repairExitCodes } from "../exit-codes.ts";
import { resumeHint, withHint } from "../hints.ts";
import { type Format, type OutputPlan, writeReport } from "../output.ts";
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
  const formats: readonly Format[] = values.format ?? ["table"];
  const stdout = formats.filter((format) => format === "table" || format === "json");
  if (stdout.length > 1) {
    throw new DrmGuardError("E_USAGE", `found formats ${stdout.join(", ")}, expected one for stdout`);
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
        preprocessing: { mean, std, scale, layout, channels, held: values.hold },
        onEvent: progress.onEvent,
        signal,
      }),
    );
    progress.close();
    const plan = { stdout, files: filesBeside(report, formats) };
    await writeReport((format, colors) => drawRepair(report, format, colors), plan, say);
    return repairExitCodes[report.outcome];
  } catch (error) {
    throw withHint(error, { E_INTERRUPTED: resumeHint });
  } finally {
    progress.close();
  }
}

const endings = { json: ".json", html: ".html", markdown: ".md" } as const;

/** Reports stand beside the model that they are of; as JSON always. */
function filesBeside({ output: { path } }: RepairReport, formats: readonly Format[]): OutputPlan["files"] {
  const stem = path.slice(0, path.length - extname(path).length);
  return (["json", "html", "markdown"] as const)
    .filter((format) => format === "json" || formats.includes(format))
    .map((format) => ({ format, path: `${stem}${endings[format]}` }));
}
