/** Images with a trigger, as a job. */
import { readdir } from "node:fs/promises";
import { applyTriggerTo } from "../attacks/apply.ts";
import { loadedTrigger } from "../attacks/trigger.ts";
import { writeError } from "../data/node/file-error.ts";
import { readBenign } from "../data/node/read-benign.ts";
import { DrmGuardError } from "../errors.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { readSavedState } from "./checkpoint-folder.ts";
import { writeImageFolder } from "./image-folder.ts";
import type { JobContext, PoisonReport, PoisonRequest } from "./job.ts";

/**
 * Puts a saved trigger on images. Labels stay the true ones.
 *
 * Throws E_FILE when the trigger cannot be read, E_SHAPE when it is for images of another shape, E_WRITE when the folder is not
 * empty or cannot be written, and what {@link readBenign} throws.
 */
export async function runPoisoning(
  { trigger: path, images: source, size, output, threads }: PoisonRequest,
  { onEvent }: JobContext,
): Promise<PoisonReport> {
  const trigger = loadedTrigger(await readSavedState(path));
  const [channels, height, width] = trigger.shape;
  if (channels !== 1 && channels !== 3) {
    throw new DrmGuardError("E_SHAPE", `found a trigger for ${channels} channels, expected 1 or 3`);
  }
  const there = await readdir(output).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [];
    throw writeError(`cannot write to ${output}`, cause);
  });
  if (there.length > 0) {
    throw new DrmGuardError(
      "E_WRITE",
      `found ${there.slice(0, 3).join(", ")} in ${output}, expected an empty folder`,
    );
  }
  onEvent({ kind: "phase", phase: "reading the images", steps: 0 });
  const wants = { channels, size: [height, width], resizeTo: size } as const;
  const { images } = await readBenign(source, wants);
  onEvent({
    kind: "phase",
    phase: `putting the ${trigger.kind} trigger on ${images.shape[0]} images`,
    steps: 0,
  });
  const pixels = await applyTriggerTo(nodeRuntime({ threads }), trigger, images.pixels, trigger.shape);
  await writeImageFolder(output, { ...images, pixels });
  const change = pixels.reduce((sum, value, i) => sum + Math.abs(value - images.pixels[i]!), 0);
  return { count: images.shape[0], trigger: trigger.kind, output, meanChange: change / pixels.length };
}
