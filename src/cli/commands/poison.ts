/** `drmguard poison --trigger FILE --images PATH --output FOLDER` */
import { DrmGuardError } from "../../errors.ts";
import { poison as start } from "../../jobs/train.ts";
import { settingsOf, withInterrupt } from "../command.ts";
import { print } from "../output.ts";
import { createProgress } from "../progress.ts";
import type { GivenFlags } from "../resolve.ts";
import { poisonTable } from "../tables/poison.ts";

/**
 * Puts a saved trigger on images.
 *
 * Throws E_USAGE when a path is missing, and what the job throws.
 *
 * @returns the exit code
 */
export async function poison(flags: GivenFlags): Promise<number> {
  const { values } = settingsOf(poisonTable, flags);
  const { trigger, images, output, size, threads, memoryLimit } = values;
  if (trigger === null || images === null || output === null) {
    throw new DrmGuardError("E_USAGE", "expected --trigger FILE, --images PATH and --output FOLDER");
  }
  const progress = createProgress(process.stderr, values.quiet ?? false);
  const say = (line: string): void => progress.onEvent({ kind: "note", message: line });
  try {
    const report = await withInterrupt(say, (signal) =>
      start({
        trigger,
        images,
        output,
        size,
        ...(threads === null ? {} : { threads }),
        ...(memoryLimit === null ? {} : { memoryLimit }),
        onEvent: progress.onEvent,
        signal,
      }),
    );
    progress.close();
    const change = (255 * report.meanChange).toPrecision(3);
    await print(
      `${report.count} images with the ${report.trigger} trigger are in ${output} (mean change of a value: ${change} of 255)\n`,
    );
    return 0;
  } finally {
    progress.close();
  }
}
