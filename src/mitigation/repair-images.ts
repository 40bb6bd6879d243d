/** Clean images for a repair: in three parts, each also under the reversed triggers. */
import type { ImageSet } from "../data/image-set.ts";
import { mirroredPixels } from "../data/mirror.ts";
import { subsetOf } from "../data/subset.ts";
import { DrmGuardError } from "../errors.ts";
import { families } from "../identification/families/families.ts";
import { applyReversedTrigger, type ReversedTrigger } from "../identification/reversed-trigger.ts";
import { createRandom } from "../random.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { ImagesUnderTriggers, RepairImages } from "./mitigation.ts";

/** The part of the images that chooses the weights, and as many again that measure what came of it. */
const heldOutShare = 0.15;
/** With fewer images a part of them says nothing. */
const fewestImages = 12;

/** Images of a repair. */
export interface RepairParts {
  /** What is trained on. */
  readonly training: RepairImages;
  /** Makes the same mirrored, left for right; not every mitigation wants it. */
  readonly mirrored: () => Promise<ImagesUnderTriggers>;
  /** Whether what trigger k changes can be moved to another place of an image: not what takes its pixels from elsewhere. */
  readonly isMovable: readonly boolean[];
  /** What chooses the weights. */
  readonly validation: RepairImages;
  /** What errors before and after are measured on; neither trained on nor chosen by. */
  readonly test: RepairImages;
}

/**
 * Divides images at random.
 *
 * Throws E_LABELS without labels, E_IMAGES for fewer than 12 images, E_SHAPE when a trigger is for images of another shape.
 *
 * @param images clean images with labels
 * @param seed draws the parts
 */
export async function repairImages(
  runtime: Runtime,
  images: ImageSet,
  triggers: readonly Pick<ReversedTrigger, "family" | "theta">[],
  seed: number,
): Promise<RepairParts> {
  if (images.labels === null) {
    throw new DrmGuardError("E_LABELS", "found no labels, expected clean images with their true labels");
  }
  const count = images.shape[0];
  if (count < fewestImages) {
    throw new DrmGuardError("E_IMAGES", `found ${count} images, expected at least ${fewestImages}`);
  }
  const order = createRandom(seed).fork("parts of the repair").permutation(count);
  const held = Math.round(heldOutShare * count);
  const underTriggers = async (clean: ImageSet): Promise<ImagesUnderTriggers> => {
    const triggered: Float32Array[] = [];
    for (const trigger of triggers) triggered.push(await applyReversedTrigger(runtime, trigger, clean));
    return { clean, triggered };
  };
  const part = async (indices: readonly number[]): Promise<RepairImages> => {
    const clean = subsetOf(images, indices);
    return { ...(await underTriggers(clean)), labels: clean.labels! };
  };
  const training = await part(order.slice(2 * held));
  return {
    validation: await part(order.slice(0, held)),
    test: await part(order.slice(held, 2 * held)),
    training,
    mirrored: () => underTriggers(mirroredImages(training.clean)),
    isMovable: triggers.map(({ family }) => !families[family].movesPixels),
  };
}

/** Images left for right, without their labels. */
export function mirroredImages(images: ImageSet): ImageSet {
  return { ...images, pixels: mirroredPixels(images.pixels, images.shape[3]), labels: null };
}
