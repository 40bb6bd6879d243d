/** `drmguard report RESULT` */
import { readFile } from "node:fs/promises";
import { fileError } from "../../data/node/file-error.ts";
import { DrmGuardError, messageOf } from "../../errors.ts";
import { readResult } from "../../report/read-result.ts";
import type { ScanResult } from "../../report/result.ts";
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
  const result = await load(path);
  const plan = planOutput(values.format, values.output);
  await prepareOutput(plan, values.output);
  await writeResult(result, plan, (line) => process.stderr.write(`${line}\n`));
  return 0;
}

async function load(path: string): Promise<ScanResult> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw fileError(`cannot read the result ${path}`, cause);
  });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new DrmGuardError("E_RESULT", `${path} is not JSON: ${messageOf(cause)}`, { cause });
  }
  return readResult(parsed);
}
