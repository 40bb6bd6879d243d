/** `drmguard data render` */

import { headSetDefaults } from "../../data/heads/presets.ts";
import { renderHeadSet } from "../../data/node/heads/render-set.ts";
import { DrmGuardError } from "../../errors.ts";
import { settingsOf, withInterrupt } from "../command.ts";
import { print } from "../output.ts";
import { createProgress } from "../progress.ts";
import type { GivenFlags } from "../resolve.ts";
import { renderTable } from "../tables/data.ts";

/**
 * Renders a set of synthetic heads.
 *
 * Throws E_USAGE without an output folder, and what rendering throws.
 *
 * @returns the exit code
 */
export async function render(flags: GivenFlags): Promise<number> {
  const { values } = settingsOf(renderTable, flags);
  const { output } = values;
  if (output === null) {
    throw new DrmGuardError("E_USAGE", "found no --output, expected a folder for the images");
  }
  const count = values.count ?? headSetDefaults.count;
  const size = values.size ?? headSetDefaults.size;
  const progress = createProgress(process.stderr, values.quiet ?? false);
  const say = (line: string): void => progress.onEvent({ kind: "note", message: line });
  progress.onEvent({ kind: "phase", phase: "render", steps: count });
  try {
    await withInterrupt(say, (signal) =>
      renderHeadSet({
        preset: values.preset ?? headSetDefaults.preset,
        count,
        size,
        seed: values.seed ?? headSetDefaults.seed,
        processes: values.processes ?? headSetDefaults.processes,
        format: values.format ?? headSetDefaults.format,
        output,
        makeHuman: values.makehuman,
        onImages: (step, steps) =>
          progress.onEvent({ kind: "step", phase: "render", step, steps, values: {} }),
        signal,
      }),
    );
  } finally {
    progress.close();
  }
  await print(`${count} images of ${size} x ${size} pixels and labels.csv are in ${output}\n`);
  return 0;
}
