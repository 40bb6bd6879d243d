/** From single images to a set of one size, checked. */
import { DrmGuardError } from "../errors.ts";
import type { ImageSet } from "./image-set.ts";
import type { Labels } from "./labels-csv.ts";
import { type PlanarImage, withChannels } from "./planar-image.ts";
import { resize } from "./resize.ts";

/** What a model wants of its images. */
export interface ImageWants {
  readonly channels: 1 | 3;
  /** Height and width that the model is made for; null when it takes any. */
  readonly size: readonly [height: number, width: number] | null;
  /** Height and width that images are resized to; null to take them as they are. */
  readonly resizeTo: readonly [height: number, width: number] | null;
}

/** A set of images, and what its user should know of it. */
export interface CollectedImages {
  readonly images: ImageSet;
  readonly warnings: readonly string[];
}

/** With fewer images the spread of the model's outputs, and so the verdict, is uncertain. */
const fewImages = 50;
/** A spread needs two. */
const fewestImages = 2;

/**
 * Collects images into a set.
 *
 * Throws E_IMAGES when there are fewer than two or when their sizes differ from each other or from what the model
 * takes and no size to resize to is given.
 *
 * @param source the images in order; each is let go once it is copied
 * @param count how many there are
 * @param wants what the model takes
 * @param labels labels in the same order, if there are any
 */
export async function collectImages(
  source: AsyncIterable<PlanarImage> | Iterable<PlanarImage>,
  count: number,
  wants: ImageWants,
  labels: Labels | null,
): Promise<CollectedImages> {
  if (count < fewestImages) {
    throw new DrmGuardError(
      "E_IMAGES",
      `found ${count} image${count === 1 ? "" : "s"}, expected at least ${fewestImages}`,
      {
        hint: "give clean images like those that the model was made for; 50 or more are best",
      },
    );
  }
  const target = targetSize(wants);
  const bySize = new Map<string, { count: number; example: string }>();
  const names: string[] = [];
  let pixels: Float32Array | null = null;
  let size: readonly [number, number] | null = null;
  for await (const found of source) {
    const image = target !== null && wants.resizeTo !== null ? resize(found, ...target) : found;
    const known = bySize.get(`${image.height}x${image.width}`);
    bySize.set(`${image.height}x${image.width}`, {
      count: (known?.count ?? 0) + 1,
      example: known?.example ?? image.name,
    });
    size ??= target ?? [image.height, image.width];
    pixels ??= new Float32Array(count * wants.channels * size[0] * size[1]);
    if (image.height === size[0] && image.width === size[1]) {
      pixels.set(
        withChannels(image, wants.channels).pixels,
        names.length * wants.channels * size[0] * size[1],
      );
    }
    names.push(image.name);
  }
  const [height, width] = size!;
  if (bySize.size > 1 || !bySize.has(`${height}x${width}`)) throw sizesDiffer(bySize, target);
  return {
    images: {
      pixels: pixels!,
      shape: [count, wants.channels, height, width],
      labels: labels?.values ?? null,
      labelNames: labels?.names ?? [],
      names,
    },
    warnings:
      count < fewImages
        ? [`found ${count} images: with fewer than ${fewImages} the verdict is less certain`]
        : [],
  };
}

function targetSize({ size, resizeTo }: ImageWants): readonly [number, number] | null {
  if (size !== null && resizeTo !== null && (size[0] !== resizeTo[0] || size[1] !== resizeTo[1])) {
    throw new DrmGuardError(
      "E_USAGE",
      `found --size ${resizeTo.join("x")}, expected ${size.join("x")}: the model takes no other`,
    );
  }
  return resizeTo ?? size;
}

function sizesDiffer(
  bySize: ReadonlyMap<string, { count: number; example: string }>,
  target: readonly [number, number] | null,
): DrmGuardError {
  const found = [...bySize]
    .slice(0, 4)
    .map(([size, { count, example }]) => `${size} (${count}, such as ${example})`);
  const expected = target === null ? "one size" : `${target.join("x")}, which the model takes`;
  const more = bySize.size > 4 ? ` and ${bySize.size - 4} more sizes` : "";
  return new DrmGuardError(
    "E_IMAGES",
    `found images of height x width ${found.join(", ")}${more}, expected ${expected}`,
    {
      hint: `--size ${target?.join("x") ?? "HxW"} resizes them`,
    },
  );
}

/**
 * Checks that there is a label for each output of the model.
 *
 * Throws E_LABELS otherwise. Images without labels pass.
 *
 * @param images the set
 * @param outputs d, the number of values that the model gives for an image
 */
export function assertLabelsFit({ labels, labelNames }: ImageSet, outputs: number): void {
  if (labels === null || labelNames.length === outputs) return;
  throw new DrmGuardError(
    "E_LABELS",
    `found ${labelNames.length} label${labelNames.length === 1 ? "" : "s"} an image (${labelNames.join(", ")}), expected ${outputs}: the model gives ${outputs}`,
  );
}
