/** `drmguard report RESULT` */
import { readSavedResult } from "../../jobs/result-file.ts";
import { settingsOf } from "../command.ts";
import { drawRepair, repairFiles } from "../draw-repair.ts";
import { planOutput, prepareOutput, resultFiles, writeReport, writeResult } from "../output.ts";
import type { GivenFlags } from "../resolve.ts";
import { reportTable } from "../tables/report.ts";

/**
 * Draws a saved result of a scan or a repair again.
 *
 * Throws E_FILE and E_RESULT when it cannot be read, E_USAGE for a format that there is not of it, E_WRITE when output cannot be written.
 *
 * @returns the exit code, which is 0 whatever the verdict
 */
export async function report(path: string, flags: GivenFlags): Promise<number> {
  const { values } = settingsOf(reportTable, flags);
  const saved = await readSavedResult(path);
  const plan = planOutput(values.format, values.output, saved.kind === "scan" ? resultFiles : repairFiles);
  await prepareOutput(plan, values.output);
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  if (saved.kind === "scan") await writeResult(saved.result, plan, say);
  else await writeReport((format, colors) => drawRepair(saved.report, format, colors), plan, say);
  return 0;
}
