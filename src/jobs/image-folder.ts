/** Images as a folder that every command reads: PNG files and labels.csv. */
import { join } from "node:path";
import { type ImageSet, imageOf } from "../data/image-set.ts";
import { writeWhole } from "../data/node/write-whole.ts";
import { pngOf } from "./png.ts";

/**
 * Writes a set as a folder. Throws E_WRITE when it cannot be written.
 *
 * @param folder made when it is not there
 * @param nameOf what the file of an image is called
 * @param onImage is told how many images are there after each
 */
export async function writeImageFolder(
  folder: string,
  images: ImageSet,
  nameOf: (i: number) => string = (i) => `${String(i).padStart(6, "0")}.png`,
  onImage: (done: number) => void = () => {},
): Promise<void> {
  const { labels, labelNames, shape } = images;
  const [count, c, h, w] = shape;
  for (let i = 0; i < count; i++) {
    await writeWhole(join(folder, nameOf(i)), [await pngOf(imageOf(images, i), [c, h, w])]);
    onImage(i + 1);
  }
  if (labels === null) return;
  const d = labels.length / count;
  const rows = Array.from(
    { length: count },
    (_, i) => `${nameOf(i)},${Array.from(labels.subarray(i * d, (i + 1) * d)).join(",")}\n`,
  );
  await writeWhole(join(folder, "labels.csv"), [`file,${labelNames.join(",")}\n`, ...rows]);
}
