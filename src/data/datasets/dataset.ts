/** What every public data set becomes: a list of labelled samples, and images that are read when they are wanted. */
import { DrmGuardError } from "../../errors.ts";
import type { ImageSet } from "../image-set.ts";
import { type PlanarImage, withChannels } from "../planar-image.ts";
import { resize } from "../resize.ts";

/** One number of the label vector. */
export interface LabelColumn {
  readonly name: string;
  /** Angles are always radians; `as given` where the files do not say. */
  readonly unit: "radians" | "class" | "as given";
}

/** One image and its label. */
export interface DataSample {
  /** Where the image is, inside of the data set: a path, or a file and a row. */
  readonly id: string;
  /** Who is in it; null where the data set does not say. */
  readonly subject: string | null;
  /** One value for each of the data set's label columns. */
  readonly labels: readonly number[];
}

/** Something that is not among the samples, and why. */
export interface SkippedFile {
  readonly file: string;
  readonly reason: string;
}

/** How images are wanted. */
export interface BatchWants {
  readonly channels: 1 | 3;
  /** Height and width in pixels; null to take the images as they are, which then must be of one size. */
  readonly size: readonly [height: number, width: number] | null;
}

/** A data set on disk: labels in memory, images not. */
export interface DataSet {
  /** What it is, such as `MPIIFaceGaze (normalised .mat)`. */
  readonly title: string;
  readonly labels: readonly LabelColumn[];
  readonly samples: readonly DataSample[];
  readonly skipped: readonly SkippedFile[];
  /** What was found in the files and decided because of it: shapes, channel order, doubts. */
  readonly notes: readonly string[];
  /**
   * Reads the images of some samples, with their labels.
   *
   * Throws E_IMAGES when one cannot be read, or when sizes differ and none is asked for.
   *
   * @param indices which samples, in the order that the result has
   * @param wants the form of the images
   * @returns [N, C, H, W] in [0, 1] and [N, d]
   */
  load(indices: readonly number[], wants: BatchWants): Promise<ImageSet>;
}

/**
 * A data set as its reader describes it; `read` gives the images in any order, each with its place in `indices`. It need not resize
 * them: what is wanted only lets it skip work on images that are much larger.
 */
export interface DataSetParts extends Omit<DataSet, "load"> {
  read(
    indices: readonly number[],
    wants: BatchWants,
  ): AsyncIterable<{ readonly at: number; readonly image: PlanarImage }>;
}

/**
 * Makes a data set of what a reader found.
 *
 * Throws E_IMAGES when there are no samples; the message says what was skipped.
 *
 * @param parts samples, and a way to read their images one by one
 */
export function createDataSet({ read, ...facts }: DataSetParts): DataSet {
  if (facts.samples.length === 0) {
    const [first] = facts.skipped;
    const why =
      first === undefined ? "" : `; ${facts.skipped.length} skipped, such as ${first.file}: ${first.reason}`;
    throw new DrmGuardError("E_IMAGES", `found no samples of ${facts.title}, expected at least one${why}`);
  }
  return {
    ...facts,
    async load(indices, wants) {
      const chosen = indices.map((index) => {
        const sample = facts.samples[index];
        if (sample !== undefined) return sample;
        throw new DrmGuardError(
          "E_USAGE",
          `found sample ${index}, expected 0 to ${facts.samples.length - 1}`,
        );
      });
      const { pixels, size } = await pack(read(indices, wants), indices.length, wants);
      return {
        pixels,
        shape: [indices.length, wants.channels, ...size],
        labels: Float32Array.from(chosen.flatMap(({ labels }) => labels)),
        labelNames: facts.labels.map(({ name }) => name),
        names: chosen.map(({ id }) => id),
      };
    },
  };
}

async function pack(
  images: AsyncIterable<{ readonly at: number; readonly image: PlanarImage }>,
  count: number,
  wants: BatchWants,
): Promise<{ pixels: Float32Array; size: readonly [number, number] }> {
  let size = wants.size;
  let pixels: Float32Array | null = null;
  for await (const { at, image: found } of images) {
    const wanted = withChannels(found, wants.channels);
    const image = wants.size === null ? wanted : resize(wanted, ...wants.size);
    size ??= [image.height, image.width];
    if (image.height !== size[0] || image.width !== size[1]) {
      throw new DrmGuardError(
        "E_IMAGES",
        `found images of ${size.join("x")} and ${image.height}x${image.width} (${image.name}), expected one size`,
        { hint: "ask for a size: images are resized to it" },
      );
    }
    const area = wants.channels * size[0] * size[1];
    pixels ??= new Float32Array(count * area);
    pixels.set(image.pixels, at * area);
  }
  return { pixels: pixels ?? new Float32Array(0), size: size ?? [0, 0] };
}
