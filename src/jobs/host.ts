/** What Node gives to a workflow. */
import type { CheckpointArchive } from "../loops/work.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Host } from "../workflows/host.ts";
import { environmentOf } from "./environment.ts";
import type { JobContext } from "./job.ts";
import { pngOf } from "./png.ts";
import { version } from "./version.ts";

/**
 * The host of a job.
 *
 * @param threads threads of the runtime
 * @param checkpoints where unfinished work is kept
 */
export function hostOf(
  runtime: Runtime,
  threads: number,
  checkpoints: CheckpointArchive,
  { onEvent, shouldStop }: JobContext,
): Host {
  return {
    version,
    environment: { ...environmentOf(runtime, threads) },
    encodePng: pngOf,
    checkpoints,
    onEvent,
    shouldStop,
  };
}
