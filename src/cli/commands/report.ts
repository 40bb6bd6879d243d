/** `drmguard report RESULT` */
import { readResultFile } from "../../jobs/result-file.ts";
import { settingsOf } from "../command.ts";
import { planOutput, prepareOutput, writeResult } from "../output.ts";
import type { GivenFlags } from "../resolve.ts";
import { reportTable } from "../tables/report.ts";

/**
 * Draws a saved result again.
 *
 * Throws E_FILE and E_RESULT when it cannot be read, E_WRITE when output cannot be written.
 *
 * @returns the exit code, which is 0 whatever the verdict
 */
export async function report(path: string, flags: GivenFlags): Promise<number> {
  const { values } = settingsOf(reportTable, flags);
  const result = await readResultFile(path);
  const plan = planOutput(values.format, values.output);
  await prepareOutput(plan, values.output);
  await writeResult(result, plan, (line) => process.stderr.write(`${line}\n`));
  return 0;
}
