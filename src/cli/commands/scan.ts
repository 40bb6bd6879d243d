/** `drmguard scan MODEL --benign PATH` */
import { DrmGuardError } from "../../errors.ts";
import { assertTask } from "../../identification/methods.ts";
import { jobDefaults } from "../../jobs/defaults.ts";
import { scan as start } from "../../jobs/scan.ts";
import { methodChanges } from "../../workflows/method-settings.ts";
import { settingsOf, withInterrupt } from "../command.ts";
import { verdictExitCodes } from "../exit-codes.ts";
import { resumeHint, withHint } from "../hints.ts";
import { planOutput, prepareOutput, writeResult } from "../output.ts";
import { createProgress } from "../progress.ts";
import type { GivenFlags } from "../resolve.ts";
import { scanTable } from "../tables/scan.ts";

/**
 * Scans a model and writes the result.
 *
 * Throws what the scan throws.
 *
 * @returns the exit code
 */
export async function scan(model: string, flags: GivenFlags): Promise<number> {
  const { values } = settingsOf(scanTable, flags);
  const { benign, mean, std, scale, layout, channels } = values;
  if (benign === null) {
    throw new DrmGuardError("E_USAGE", "found no clean images, expected --benign PATH", {
      hint: "a folder of clean images like those that the model is made for; 50 or more are best",
    });
  }
  assertTask(values.method ?? jobDefaults.method, values.task ?? "regression");
  const options = methodChanges(values.method ?? jobDefaults.method, values.set ?? []);
  const plan = planOutput(values.format, values.output);
  await prepareOutput(plan, values.output);
  const progress = createProgress(process.stderr, values.quiet ?? false);
  const say = (line: string): void => progress.onEvent({ kind: "note", message: line });
  try {
    const result = await withInterrupt(say, (signal) =>
      start({
        ...values,
        model,
        benign,
        options,
        references: values.reference,
        cache: values.cacheDir,
        preprocessing: { mean, std, scale, layout, channels, held: values.hold },
        onEvent: progress.onEvent,
        signal,
      }),
    );
    progress.close();
    await writeResult(result, plan, say);
    return verdictExitCodes[result.verdict];
  } catch (error) {
    throw withHint(error, { E_INTERRUPTED: resumeHint });
  } finally {
    progress.close();
  }
}
