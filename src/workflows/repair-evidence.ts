/** What a repair's report shows of the test images, before and after. */
import { imageOf } from "../data/image-set.ts";
import { evidenceCount } from "../identification/evidence.ts";
import type { MeasuredModel } from "../mitigation/judgement.ts";
import type { RepairImages } from "../mitigation/mitigation.ts";
import type { RepairReport } from "../report/repair-report.ts";
import { mostPictured, mostResponses } from "../report/result.ts";
import { dataUrl, firstRows } from "./evidence.ts";
import type { EncodePng } from "./host.ts";

/** The same model before and after. */
export interface BeforeAfter {
  readonly before: Pick<MeasuredModel, "outputs" | "triggeredOutputs">;
  readonly after: Pick<MeasuredModel, "outputs" | "triggeredOutputs">;
}

/** Outputs of the first test images, in few digits. */
export function repairResponses(
  { clean, labels, triggered }: RepairImages,
  { before, after }: BeforeAfter,
): NonNullable<RepairReport["responses"]> {
  const count = clean.shape[0];
  const images = Math.min(count, mostResponses);
  const rows = (values: Float32Array): number[][] => firstRows(values, images, labels.length / count, 1);
  return {
    images,
    truth: rows(labels),
    clean: { before: rows(before.outputs), after: rows(after.outputs) },
    triggers: triggered.map((_, k) => ({
      before: rows(before.triggeredOutputs[k]!),
      after: rows(after.triggeredOutputs[k]!),
    })),
  };
}

/**
 * The first test images, clean and with the reversed triggers.
 *
 * @param encodePng writes the pictures
 */
export async function repairEvidence(
  { clean, labels, triggered }: RepairImages,
  { before, after }: BeforeAfter,
  encodePng: EncodePng,
): Promise<NonNullable<RepairReport["evidence"]>> {
  const [count, c, h, w] = clean.shape;
  const d = labels.length / count;
  const row = (values: Float32Array, i: number): number[] => [...values.subarray(i * d, (i + 1) * d)];
  const shown = Array.from({ length: Math.min(evidenceCount, count) }, (_, i) => i);
  return Promise.all(
    shown.map(async (i) => ({
      name: clean.names[i] ?? `image ${i}`,
      clean: await dataUrl(encodePng, imageOf(clean, i), [c, h, w]),
      truth: row(labels, i),
      triggers: await Promise.all(
        triggered.slice(0, mostPictured).map(async (pixels, k) => ({
          picture: await dataUrl(encodePng, imageOf({ ...clean, pixels }, i), [c, h, w]),
          before: row(before.triggeredOutputs[k]!, i),
          after: row(after.triggeredOutputs[k]!, i),
        })),
      ),
    })),
  );
}
