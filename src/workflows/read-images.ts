/** Clean images as a model wants them. */
import type { CollectedImages } from "../data/collect.ts";
import type { ImportedModel } from "../models/import.ts";
import { imageSizeOf, type Preprocessing } from "../models/preprocessing.ts";
import type { ImageSource } from "./host.ts";

/**
 * Reads images in the channels and the size that a model is made for.
 *
 * Throws what the source throws.
 *
 * @param resizeTo height and width that images are resized to; null to take them as they are
 */
export function readImagesFor(
  model: ImportedModel,
  { layout, channels }: Preprocessing,
  source: ImageSource,
  resizeTo: readonly [number, number] | null,
): Promise<CollectedImages> {
  const [height, width] = imageSizeOf(model, layout);
  return source.read({
    channels: channels === "gray" ? 1 : 3,
    size: height === null || width === null ? null : [height, width],
    resizeTo,
  });
}
