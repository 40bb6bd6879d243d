/** `drmguard check MODEL` */
import pc from "picocolors";
import { check as start } from "../../jobs/scan.ts";
import { checkTable as drawCheck } from "../../report/check-table.ts";
import { plainColors } from "../../report/table.ts";
import { settingsOf, withInterrupt } from "../command.ts";
import { unusable, verdictExitCodes } from "../exit-codes.ts";
import { print } from "../output.ts";
import { createProgress } from "../progress.ts";
import type { GivenFlags } from "../resolve.ts";
import { checkTable } from "../tables/check.ts";

/**
 * Checks a model and prints the report.
 *
 * Throws what the check throws.
 *
 * @returns the exit code
 */
export async function check(model: string, flags: GivenFlags): Promise<number> {
  const { values } = settingsOf(checkTable, flags);
  const { mean, std, scale, layout, channels } = values;
  const progress = createProgress(process.stderr, values.quiet ?? false);
  const say = (line: string): void => progress.onEvent({ kind: "note", message: line });
  try {
    const report = await withInterrupt(say, (signal) =>
      start({
        ...values,
        task: values.task!,
        model,
        preprocessing: { mean, std, scale, layout, channels, held: values.hold },
        onEvent: progress.onEvent,
        signal,
      }),
    );
    progress.close();
    const colors = pc.isColorSupported ? pc : plainColors;
    await print(
      values.format === "json" ? `${JSON.stringify(report, null, 2)}\n` : drawCheck(report, model, colors),
    );
    return report.passed ? verdictExitCodes.benign : unusable;
  } finally {
    progress.close();
  }
}
