/** Samples whose images are single files. */
import { DrmGuardError, messageOf } from "../../../errors.ts";
import type { BatchWants, DataSample, DataSetParts } from "../../datasets/dataset.ts";
import { type DecodedImage, planarFromBytes } from "../../planar-image.ts";
import { decodeImage } from "../decode-image.ts";
import { decodedAtOnce, inOrder } from "../in-order.ts";
import { type Box, boxOf, type Crop, cutOut, shrink } from "./crop.ts";
import type { FileTree } from "./tree.ts";

/** A sample, its file, and where the face is in it. */
export interface Frame {
  readonly sample: DataSample;
  readonly file: string;
  readonly face?: (width: number, height: number) => Box;
}

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
      let at = 0;
      for await (const image of inOrder(indices, decodedAtOnce, (index) => decode(index, size))) {
        yield { at: at++, image };
      }
    },
  };
}
