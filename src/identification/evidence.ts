/** The first images of a set as evidence: clean, and with what was reversed. */
import { type ImageSet, imageOf } from "../data/image-set.ts";
import type { EvidenceImage, ModelResponses, ResponsePair } from "./identification.ts";

/** Images shown as evidence. */
export const evidenceCount = 4;

/** What the model makes of the images. */
export interface EvidenceSources {
  /** f(x), [N, d] */
  readonly clean: { readonly outputs: Float32Array };
  readonly reversed: {
    /** f(x'), [N, d] */
    readonly outputs: Float32Array;
    /** x' of the first images, [kept, C, H, W] */
    readonly images: Float32Array;
  };
  /** T(x), [N, 1, H, W]; null for methods without it. */
  readonly attention: Float32Array | null;
}

/** The first images of a set, as many as are shown; all where there are fewer. */
export function evidenceOf(set: ImageSet, { clean, reversed, attention }: EvidenceSources): EvidenceImage[] {
  const [count, c, h, w] = set.shape;
  const d = clean.outputs.length / count;
  return Array.from({ length: Math.min(evidenceCount, count) }, (_, i) => ({
    name: set.names[i] ?? `image ${i}`,
    shape: [c, h, w] as const,
    clean: imageOf(set, i).slice(),
    reversed: reversed.images.slice(i * c * h * w, (i + 1) * c * h * w),
    attention: attention?.slice(i * h * w, (i + 1) * h * w) ?? null,
    cleanOutput: [...clean.outputs.subarray(i * d, (i + 1) * d)],
    reversedOutput: [...reversed.outputs.subarray(i * d, (i + 1) * d)],
  }));
}

/**
 * Responses without and with the reversed trigger, side by side.
 *
 * @param clean with d and k
 */
export function responsePair(
  clean: ModelResponses & Pick<ResponsePair, "dimension" | "angleCount">,
  reversed: ModelResponses,
): ResponsePair {
  const arrays = ({ outputs, angles }: ModelResponses): ModelResponses => ({ outputs, angles });
  const { dimension, angleCount } = clean;
  return { clean: arrays(clean), reversed: arrays(reversed), dimension, angleCount };
}
