/** Samples whose images are single files. */
import { DrmGuardError, messageOf } from "../../../errors.ts";
import type { BatchWants, DataSample, DataSetParts } from "../../datasets/dataset.ts";
import { type DecodedImage, planarFromBytes } from "../../planar-image.ts";
import { decodeImage } from "../decode-image.ts";
import { type Box, boxOf, type Crop, cutOut, shrink } from "./crop.ts";
import type { FileTree } from "./tree.ts";

/** A sample, its file, and where the face is in it. */
export interface Frame {
  readonly sample: DataSample;
  readonly file: string;
  readonly face?: (width: number, height: number) => Box;
}

/** Images that are decoded at the same time: enough to keep two threads busy while files are read. */
const decodedAtOnce = 4;
/** Whatever is larger than so many times what is asked for is shrunk by a whole factor to no less: as floats, 18 megapixels are 220 MB. */
const spareSize = 4;
const factorOf = (image: DecodedImage, size: BatchWants["size"]): number =>
  size === null
    ? 1
    : Math.max(1, Math.floor(Math.min(image.height / size[0], image.width / size[1]) / spareSize));
const whole = (width: number, height: number): Box => ({ left: 0, top: 0, width, height });

/**
 * Samples, and a reader of their image files.
 *
 * The reader throws E_IMAGES that names a file which cannot be decoded.
 *
 * @param tree the data set's files
 * @param frames what is in it
 * @param crop which part of each image is taken; null for the face where the frame tells, otherwise all
 */
export function readerOf(
  tree: FileTree,
  frames: readonly Frame[],
  crop: Crop | null,
): Pick<DataSetParts, "samples" | "read"> {
  const decode = async (index: number, size: BatchWants["size"]) => {
    const { file, face = whole } = frames[index]!;
    const decoded = await decodeImage(tree.pathOf(file), file).catch((cause: unknown) => {
      throw new DrmGuardError("E_IMAGES", `${file} cannot be decoded: ${messageOf(cause).split("\n")[0]}`, {
        cause,
      });
    });
    const cut = cutOut(decoded, boxOf(crop, decoded, face));
    return planarFromBytes(shrink(cut, factorOf(cut, size)));
  };
  return {
    samples: frames.map(({ sample }) => sample),
    async *read(indices, { size }) {
      const pending: ReturnType<typeof decode>[] = [];
      const begin = (index: number): void => {
        const image = decode(index, size);
        // It is awaited later; until then a failure must not count as unhandled.
        image.catch(() => {});
        pending.push(image);
      };
      indices.slice(0, decodedAtOnce).forEach(begin);
      for (let at = 0; at < indices.length; at++) {
        const image = await pending.shift()!;
        if (at + decodedAtOnce < indices.length) begin(indices[at + decodedAtOnce]!);
        yield { at, image };
      }
    },
  };
}
